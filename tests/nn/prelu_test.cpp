#include "nn/prelu.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "nn/activations.hpp"

namespace prelu_test {

using namespace xgrad;

TEST_CASE("PReLU has one slope for all, or one for each channel, and trains it") {
  const Tensor x = tensor({{-2.0, 1.0, -4.0}, {3.0, -1.0, 0.0}});
  nn::PReLU one;
  CHECK(one(x).to_vector() == std::vector<double>{-0.5, 1, -1, 3, -0.25, 0});
  CHECK(grad(sum(one(x)), one.weight).to_vector() == std::vector<double>{-7});
  nn::PReLU many(3, {.init = 0.5});
  CHECK(many(x).to_vector() == std::vector<double>{-1, 1, -2, 3, -0.5, 0});
  CHECK(grad(sum(many(x)), many.weight).to_vector() == std::vector<double>{-2, -1, -4});
  CHECK(many(ones({0, 3})).shape() == Shape{0, 3});
  CHECK(many(tensor({-2.0, 1.0, -4.0})).to_vector() == std::vector<double>{-1, 1, -2});
}

TEST_CASE("PReLU differentiates correctly by input and weight to order 2, with channels in axis 1") {
  Rng rng(3);
  const Tensor x = normal({2, 3, 2, 2}, rng, 0, 1, float64), w = tensor({0.1, -0.3, 0.25}, float64);
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return prelu(a, b); }, DifferentiatesCorrectly({x, w}).order(2));
  const auto values = prelu(x, w).to_vector(), inputs = x.to_vector(), slopes = w.to_vector();
  for (std::size_t i = 0; i < values.size(); ++i)
    CHECK(values[i] == (inputs[i] > 0 ? inputs[i] : inputs[i] * slopes[i / 4 % 3]));
}

TEST_CASE("PReLU has PyTorch's state, and refuses what does not fit") {
  nn::PReLU prelu(4, {.dtype = float64});
  REQUIRE(prelu.state().size() == 1);
  CHECK(prelu.state()[0].name == "weight");
  CHECK(prelu.state()[0].value.shape() == Shape{4});
  CHECK_THROWS_AS(prelu(ones({2, 3}, float64)), ShapeError);
  CHECK_THROWS_AS(prelu(ones({2, 4})), DTypeError);
  CHECK_THROWS_AS(nn::PReLU(0), ValueError);
  CHECK_THROWS_WITH(prelu(ones({2, 3}, float64)), Catch::Contains("PReLU") && Catch::Contains("prelu_test.cpp:"));
}

}  // namespace prelu_test
