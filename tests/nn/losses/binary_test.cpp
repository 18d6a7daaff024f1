#include "nn/losses/binary.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "nn/activations.hpp"

namespace binary_test {

using namespace xgrad;
using nn::Reduction;

TEST_CASE("the multilabel soft margin is the mean over the labels of a sample, each with its weight") {
  const Tensor x = tensor({{0.3, -1.0, 2.0}, {0.0, 4.0, -2.5}}, float64);
  const Tensor y = tensor({{1.0, 0.0, 1.0}, {0.0, 0.0, 1.0}}, float64), w = tensor({1.0, 2.0, 0.5}, float64);
  const auto xs = x.to_vector(), ys = y.to_vector(), ws = w.to_vector();
  const auto each = nn::multilabel_soft_margin_loss(x, y, {.weight = w, .reduction = Reduction::none}).to_vector();
  REQUIRE(each.size() == 2);
  for (std::size_t n = 0; n < 2; ++n) {
    double total = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      const double z = xs[3 * n + c], target = ys[3 * n + c];
      total += ws[c] * (target * std::log1p(std::exp(-z)) + (1 - target) * std::log1p(std::exp(z)));
    }
    CHECK(each[n] == Approx(total / 3).epsilon(1e-14));
  }
  CHECK_THAT([&](const Tensor& a, const Tensor& b) { return nn::multilabel_soft_margin_loss(a, b, {.weight = w}); },
             DifferentiatesCorrectly({x, sigmoid(y)}).order(2));
  CHECK(nn::multilabel_soft_margin_loss(x(0), y(0)).shape() == Shape{});
  CHECK_THROWS_AS(nn::multilabel_soft_margin_loss(x, y, {.weight = w(slice(0, 2))}), ShapeError);
  CHECK_THROWS_AS(nn::multilabel_soft_margin_loss(zeros({2, 3, 4}), zeros({2, 3, 4})), ShapeError);
  CHECK_THROWS_AS(nn::multilabel_soft_margin_loss(zeros({2, 0}), zeros({2, 0})), ValueError);
}

}  // namespace binary_test
