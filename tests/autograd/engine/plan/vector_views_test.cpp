// A vector that is repeated for each row is read where it lies, if it is a view.

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "tests/autograd/engine/pick.hpp"
#include "tests/autograd/engine/plan/quarters.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace vector_views_test {

using namespace xgrad;
using fused::testing::InEngine;
using fused::testing::Threads;
using xgrad::testing::pick;
using xgrad::testing::quarters;
using xgrad::testing::Random;

namespace {

/// A view of so many elements of a vector, or of what is computed.
Tensor some_vector(std::int64_t columns, DType dtype, Random& random) {
  const auto source = [&](const Shape& shape) {
    const Tensor x = quarters(shape, dtype, random());
    return random() % 3 == 0 ? exp(x) : x;
  };
  switch (pick(random, 0, 6)) {
    case 0:
      return slice(source({columns + 7}), 0, 4, columns + 4);
    case 1:
      return slice(source({2 * columns + 1}), 0, 1, 2 * columns + 1, 2);
    case 2:
      return flip(source({columns}), 0);
    case 3:
      return pad(source({columns - 1}), 0, 1, 0, 0.5);
    case 4:
      return select(source({5, columns}), 0, 3);
    case 5:
      return select(source({columns, 3}), 1, 2);
    default:
      return slice(flip(source({columns + 3}), 0), 0, 2, columns + 2);
  }
}

Tensor used(const Tensor& x, const Tensor& v, const Tensor& w, int how) {
  switch (how) {
    case 0:
      return x * v + w;
    case 1:
      return sum(exp(x * 0.25) * v, -1) + 1.0;
    case 2:
      return where(x < v, x - w, 2.0 * x);
    case 3:
      return sum(x * v, 0) * w;
    default:
      return softmax(x + v) * w;
  }
}

}  // namespace

TEST_CASE("vectors that are views are read where they lie, to the bit", "[views][threads]") {
  for (const int threads : {1, 3})
    for (const DType dtype : {float32, float64})
      for (std::uint64_t seed = 0; seed < 500; ++seed) {
        CAPTURE(threads, dtype, seed);
        const Threads scope(threads);
        const auto run = [&](bool in_memory) {
          Random random(seed);
          const std::int64_t widths[] = {2, 5, 16, 63, 64, 65, 100, 300};
          const std::int64_t columns = widths[pick(random, 0, 7)], rows = pick(random, 1, 40);
          const Tensor x = quarters({rows, columns}, dtype, random());
          const Tensor v = some_vector(columns, dtype, random), w = some_vector(columns, dtype, random);
          if (in_memory) evaluate({v, w});
          return used(x, v, w, static_cast<int>(pick(random, 0, 4))).to_vector();
        };
        REQUIRE(run(false) == run(true));
      }
}

TEST_CASE("a part of a bias is added by the program that follows the product", "[views][plan]") {
  const InEngine scope("fused");
  const Tensor x = quarters({64, 32}, float32, 1), w = quarters({32, 128}, float32, 2), b = quarters({384}, float32, 3);
  const Tensor y = [&] { return nn::relu(matmul(x, w) + slice(b, 0, 128, 256)); }();
  const std::string text = plan(y);
  CAPTURE(text);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  CHECK(text.find("2: program [64, 128]: add") != std::string::npos);
  CHECK(text.find("on each block of 1 while that is in the cache") != std::string::npos);
}

}  // namespace vector_views_test
