#pragma once

// The order of the sums in matrix products, as block_product.hpp says it, one step after the other.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "autograd/engine/products/block_product.hpp"

namespace xgrad::fused::testing {

template <class T>
T multiply_add(T a, T b, T sum, bool fuses) {
  const T product = a * b;
  return fuses ? std::fma(a, b, sum) : product + sum;
}

/// The sum of a(l) b(l) from `first` up to `last`, which are at most 1024 terms.
template <class T, class A, class B>
T short_sum(std::int64_t first, std::int64_t last, const A& a, const B& b, bool in_lanes, bool fuses) {
  if (!in_lanes) {
    T total = 0;
    for (std::int64_t l = first; l < last;) {
      T chain = 0;
      for (const std::int64_t end = std::min(l + 64, last); l < end; ++l)
        chain = multiply_add(a(l), b(l), chain, fuses);
      total = l <= first + 64 ? chain : total + chain;
    }
    return total;
  }
  constexpr std::size_t lanes = 64 / sizeof(T);
  std::array<T, lanes> sums{};
  for (std::int64_t l = first; l < last; ++l) {
    T& sum = sums[static_cast<std::size_t>(l - first) % lanes];
    sum = multiply_add(a(l), b(l), sum, fuses);
  }
  for (std::size_t half = lanes / 2; half > 0; half /= 2)
    for (std::size_t l = 0; l < half; ++l) sums[l] += sums[l + half];
  return sums[0];
}

/// The sum of a(l) b(l) for l up to `depth`. Where there are many short sums, so many follow one another in a group
/// that there are 64 groups at most.
template <class T, class A, class B>
T sum_in_order(std::int64_t depth, const A& a, const B& b, bool in_lanes, bool fuses) {
  if (depth <= 1024) return short_sum<T>(0, depth, a, b, in_lanes, fuses);
  const std::int64_t short_sums = (depth + 1023) / 1024, in_group = (short_sums + 63) / 64;
  double total = 0;
  for (std::int64_t l = 0; l < depth;) {
    double group = 0;
    for (const std::int64_t end = std::min(l + in_group * 1024, depth); l < end; l = std::min(l + 1024, end)) {
      const auto sum = static_cast<double>(short_sum<T>(l, std::min(l + 1024, end), a, b, in_lanes, fuses));
      group = l % (in_group * 1024) == 0 ? sum : group + sum;
    }
    total = l <= in_group * 1024 ? group : total + group;
  }
  return static_cast<T>(total);
}

/// A sum and the d of its place, in two steps.
template <class T>
T joined_in_order(T sum, T d, double alpha, double beta) {
  const T factor = static_cast<T>(beta == 1 ? alpha : beta), scaled = factor * (beta == 1 ? sum : d);
  return beta == 1 ? d + scaled : scaled + sum;
}

}  // namespace xgrad::fused::testing
