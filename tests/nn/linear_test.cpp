#include "nn/linear.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"

namespace linear_test {

using namespace xgrad;

TEST_CASE("Linear computes x W^T + b over the last axis") {
  nn::Linear layer(2, 3, {.dtype = float64});
  layer.weight.assign(tensor({{1, 2}, {3, 4}, {5, 6}}, float64));
  layer.bias.assign(tensor({10, 20, 30}, float64));
  CHECK(layer(tensor({{1, 1}, {2, -1}}, float64)).to_vector() == std::vector<double>{13, 27, 41, 10, 22, 34});
  CHECK(layer(tensor({1, 1}, float64)).shape() == Shape{3});
  CHECK(layer(ones({4, 5, 2}, float64)).shape() == Shape{4, 5, 3});
  CHECK(layer(ones({0, 2}, float64)).shape() == Shape{0, 3});
}

TEST_CASE("Linear differentiates correctly in its input, weight and bias") {
  Rng rng(2);
  nn::Linear layer(3, 2, {.dtype = float64}, rng);
  const auto f = [&](const Tensor& x, const Tensor& w, const Tensor& b) {
    DifferentiableUpdates keep;
    layer.weight.assign(w);
    layer.bias.assign(b);
    return layer(x);
  };
  CHECK_THAT(f, DifferentiatesCorrectly({normal({4, 3}, rng, 0, 1, float64), normal({2, 3}, rng, 0, 1, float64),
                                         normal({2}, rng, 0, 1, float64)})
                    .order(2));
}

TEST_CASE("Linear starts within 1/sqrt(in), reproducibly from its source of randomness") {
  Rng rng(7), again(7);
  const nn::Linear layer(100, 50, {}, rng), same(100, 50, {}, again);
  const double bound = 0.1;
  double largest = 0;
  for (const double w : layer.weight.value().to_vector()) largest = std::max(largest, std::abs(w));
  CHECK(largest <= bound);
  CHECK(largest > 0.99 * bound);
  for (const double b : layer.bias.value().to_vector()) CHECK(std::abs(b) <= bound);
  CHECK(layer.weight.value().to_vector() == same.weight.value().to_vector());
}

TEST_CASE("Linear without bias") {
  const nn::Linear layer(2, 2, {.bias = false});
  CHECK(!layer.bias.defined());
  CHECK(layer.parameters().size() == 1);
  CHECK(layer.state().size() == 1);
  CHECK(layer(zeros({1, 2})).to_vector() == std::vector<double>{0, 0});
}

TEST_CASE("Linear names what does not fit, at the caller's line") {
  const nn::Linear layer(2, 3);
  CHECK_THROWS_AS(layer(zeros({4, 3})), ShapeError);
  CHECK_THROWS_AS(layer(tensor(1.0)), ShapeError);
  CHECK_THROWS_AS(layer(zeros({4, 2}, float64)), DTypeError);
  CHECK_THROWS_AS(nn::Linear(0, 3), ValueError);
  CHECK_THROWS_AS(nn::Linear(3, -1), ValueError);
  CHECK_THROWS_WITH(
      layer(zeros({4, 3})),
      Catch::Contains("Linear: the input [4, 3] f32 does not end in an axis of size 2; weight [3, 2] f32") &&
          Catch::Contains("linear_test.cpp:"));
}

}  // namespace linear_test
