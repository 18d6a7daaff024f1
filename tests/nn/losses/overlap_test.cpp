#include "nn/losses/overlap.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"

namespace overlap_test {

using namespace xgrad;
using nn::Reduction;

TEST_CASE("Dice of equal regions is 0, of regions apart nearly 1, and of no regions 0, with derivatives") {
  for (const bool squared : {false, true}) {
    const Tensor y = tensor({{1.0, 1.0, 0.0, 0.0}}, float64), other = 1 - y, nothing = zeros({1, 4}, float64);
    const auto at = [&](const Tensor& p, const Tensor& target) {
      return nn::dice_loss(p, target, {.squared = squared}).item();
    };
    CHECK(at(y, y) == 0);
    CHECK(at(other, y) == Approx(1 - 1.0 / 5));
    CHECK(at(nothing, nothing) == 0);
  }
  const Tensor p = track(zeros({1, 2}, float64));
  CHECK(grad(nn::dice_loss(p, zeros({1, 2}, float64)), p).to_vector() == std::vector<double>{1, 1});
}

TEST_CASE("the overlaps are taken over each sample, or over the axes that are given") {
  Rng rng(2);
  const Tensor p = uniform({2, 3, 2, 2}, rng, 0, 1, float64), y = uniform({2, 3, 2, 2}, rng, 0, 1, float64);
  const Tensor whole = nn::dice_loss(p, y, {.reduction = Reduction::none});
  CHECK(whole.shape() == Shape{2});
  const Tensor flat = nn::dice_loss(reshape(p, {2, 12}), reshape(y, {2, 12}), {.reduction = Reduction::none});
  CHECK_THAT(whole, AllClose(flat));
  const Tensor classes = nn::dice_loss(p, y, {.smooth = 0, .axes = Axes{2, 3}, .reduction = Reduction::none});
  CHECK(classes.shape() == Shape{2, 3});
  CHECK(classes(1, 2).item() ==
        Approx(1 - 2 * sum(p(1, 2) * y(1, 2)).item() / (sum(p(1, 2)).item() + sum(y(1, 2)).item())));
  CHECK_THAT([&](const Tensor& a, const Tensor& b) { return nn::dice_loss(a, b, {.squared = true}); },
             DifferentiatesCorrectly({p, y}).order(2));
}

TEST_CASE("Tversky with halves is Dice, and its weights are those of what is claimed and of what is missed") {
  Rng rng(3);
  const Tensor p = uniform({3, 5}, rng, 0, 1, float64), y = uniform({3, 5}, rng, 0, 1, float64);
  CHECK_THAT(nn::tversky_loss(p, y, {.smooth = 0.5}), AllClose(nn::dice_loss(p, y)));
  const Tensor claimed = tensor({{1.0, 1.0}}, float64), there = tensor({{1.0, 0.0}}, float64);
  const auto at = [](const Tensor& a, const Tensor& b) {
    return nn::tversky_loss(a, b, {.alpha = 0.2, .beta = 0.9, .smooth = 0}).item();
  };
  CHECK(at(claimed, there) == Approx(0.2 / 1.2));
  CHECK(at(there, claimed) == Approx(0.9 / 1.9));
  CHECK_THAT([&](const Tensor& a, const Tensor& b) { return nn::tversky_loss(a, b, {.alpha = 0.3, .gamma = 0.75}); },
             DifferentiatesCorrectly({p, y}).order(2));
  CHECK_THROWS_AS(nn::tversky_loss(p, y, {.alpha = -1}), ValueError);
  CHECK_THROWS_AS(nn::dice_loss(p, y, {.smooth = -1}), ValueError);
  CHECK_THROWS_AS(nn::dice_loss(p, y, {.axes = Axes{2}}), AxisError);
}

TEST_CASE("a root of the Tversky loss has derivative 0 where nothing is missed") {
  for (const DType dtype : {float32, float64})
    for (const double gamma : {0.5, 0.75}) {
      const Tensor y = tensor({{0.0, 1.0}, {1.0, 0.0}}, dtype), p = track(tensor({{0.0, 1.0}, {0.5, 0.5}}, dtype));
      const Tensor losses = nn::tversky_loss(p, y, {.gamma = gamma, .reduction = Reduction::none});
      CHECK(losses.to_vector()[0] == 0);
      const auto slopes = grad(sum(losses), p).to_vector();
      CHECK(std::vector<double>(slopes.begin(), slopes.begin() + 2) == std::vector<double>{0, 0});
      CHECK((slopes[2] < 0 && slopes[3] > 0));
    }
}

}  // namespace overlap_test
