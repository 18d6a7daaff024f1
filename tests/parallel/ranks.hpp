#pragma once

// What the tests of parallel/ share. Every rank knows what all of them contribute, so that it can compute by itself
// what they must come to together.

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "parallel/parallel.hpp"

namespace xgrad::test {

inline parallel::Communicator world() { return parallel::Communicator::world(); }

/// Numbers that belong to a rank.
inline Tensor of_rank(int rank, const Shape& shape, int seed = 1, DType dtype = float64) {
  Rng rng(static_cast<std::uint64_t>(100 * seed + rank));
  Tensor x = cast(normal(shape, rng), dtype);
  evaluate(x);
  return x;
}
inline std::vector<Tensor> of_all_ranks(const Shape& shape, int seed = 1, DType dtype = float64) {
  std::vector<Tensor> all;
  for (int rank = 0; rank < world().size(); ++rank) all.push_back(of_rank(rank, shape, seed, dtype));
  return all;
}

inline void check_equal(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  REQUIRE(a.dtype() == b.dtype());
  CHECK(a.to_vector() == b.to_vector());
}
inline void check_close(const Tensor& a, const Tensor& b, double tolerance = 1e-12) {
  REQUIRE(a.shape() == b.shape());
  const auto x = a.to_vector(), y = b.to_vector();
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(x[i] == Approx(y[i]).epsilon(tolerance).margin(tolerance));
}

/// What a CommunicationError says that this rank must get.
inline std::string communication_error(const std::function<void()>& mistake) {
  try {
    mistake();
  } catch (const parallel::CommunicationError& error) {
    return error.what();
  }
  FAIL_CHECK("no CommunicationError");
  return "";
}
inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace xgrad::test
