#include "nn/losses/margins.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"

namespace margins_test {

using namespace xgrad;
using nn::Reduction;

namespace {

Tensor f64(const Literal& values) { return tensor(values, float64); }

}  // namespace

TEST_CASE("the soft margin neither overflows nor cancels") {
  for (const DType dtype : {float32, float64}) {
    const Tensor x = track(tensor({0.0, 1e4, -1e4, 40.0}, dtype)), y = tensor({1.0, 1.0, 1.0, 1.0}, dtype);
    const Tensor loss = nn::soft_margin_loss(x, y, Reduction::none);
    const auto values = loss.to_vector(), slopes = grad(sum(loss), x).to_vector();
    CHECK(values[0] == Approx(std::log(2.0)));
    CHECK(values[1] == 0);
    CHECK(values[2] == 1e4);
    CHECK(values[3] == Approx(std::exp(-40.0)).epsilon(1e-6));
    CHECK(slopes[0] == -0.5);
    CHECK(slopes[2] == -1);
  }
  CHECK_THROWS_AS(nn::soft_margin_loss(f64({1.0}), f64({0.0})), ValueError);
}

TEST_CASE("margin ranking asks that the first is larger, or the second") {
  const Tensor a = f64({1.0, 1.0, 1.0}), b = f64({0.0, 3.0, 3.0}), y = f64({1.0, 1.0, -1.0});
  CHECK(nn::margin_ranking_loss(a, b, y, {.reduction = Reduction::none}).to_vector() == std::vector<double>{0, 2, 0});
  CHECK(nn::margin_ranking_loss(a, b, y, {.margin = 1.5, .reduction = Reduction::none}).to_vector() ==
        std::vector<double>{0.5, 3.5, 0});
  CHECK(nn::margin_ranking_loss(a, b, 1).item() == Approx(4.0 / 3));
  CHECK_THAT([&](const Tensor& s, const Tensor& t) { return nn::margin_ranking_loss(s, t, y, {.margin = 0.5}); },
             DifferentiatesCorrectly({a, b}));
  CHECK_THROWS_AS(nn::margin_ranking_loss(a, b, 0.5), ValueError);
  CHECK_THROWS_AS(nn::margin_ranking_loss(a, b, f64({1.0})), ShapeError);
  CHECK_THROWS_AS(nn::margin_ranking_loss(a, b, tensor({1.0, 1.0, 1.0})), DTypeError);
}

TEST_CASE("the multilabel margin has the values of its definition, and reads labels up to the first -1") {
  // PyTorch's own example: 0.25 ((1 - (0.1 - 0.2)) + (1 - (0.1 - 0.4)) + (1 - (0.8 - 0.2)) + (1 - (0.8 - 0.4)))
  const Tensor x = f64({{0.1, 0.2, 0.4, 0.8}}), y = tensor({{3, 0, -1, 1}});
  CHECK(nn::multilabel_margin_loss(x, y).item() == Approx(0.85));
  CHECK(nn::multilabel_margin_loss(x(0), y(0)).item() == Approx(0.85));
  CHECK(nn::multilabel_margin_loss(x, tensor({{-1, 0, 1, 2}})).item() == 0);
  CHECK(nn::multilabel_margin_loss(x, tensor({{0, 1, 2, 3}})).item() == 0);
  CHECK_THAT([&](const Tensor& a) { return nn::multilabel_margin_loss(a, y); }, DifferentiatesCorrectly(x));
  CHECK_THROWS_AS(nn::multilabel_margin_loss(x, tensor({{4, 0, -1, 1}})), IndexError);
  CHECK_THROWS_AS(nn::multilabel_margin_loss(x, tensor({{-2, 0, -1, 1}})), IndexError);
  CHECK_THROWS_AS(nn::multilabel_margin_loss(x, tensor({3, 0, -1, 1})), ShapeError);
  CHECK_THROWS_AS(nn::multilabel_margin_loss(zeros({2, 0}), zeros({2, 0}, int64)), ValueError);
}

}  // namespace margins_test
