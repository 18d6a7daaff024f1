#pragma once

// That what is computed has the same bits on any number of threads.

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

#include "autograd/autograd.hpp"

namespace xgrad::test {

/// What f() computes, on one thread; checks that it has the same bits on 2, 3 and 8.
template <class F>
std::vector<double> same_on_threads(F f) {
  const int before = num_threads();
  std::vector<std::vector<double>> results;
  for (const int threads : {1, 2, 3, 8}) {
    set_num_threads(threads);
    results.push_back(f().to_vector());
  }
  set_num_threads(before);
  for (const auto& other : results) {
    CHECK(other.size() == results[0].size());
    const bool same = other.empty() || std::memcmp(other.data(), results[0].data(), other.size() * sizeof(double)) == 0;
    CHECK(same);
  }
  return results[0];
}

}  // namespace xgrad::test
