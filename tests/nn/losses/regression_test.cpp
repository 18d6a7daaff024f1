#include "nn/losses/regression.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"

namespace regression_test {

using namespace xgrad;
using nn::Reduction;

namespace {

Tensor f64(const Literal& values) { return tensor(values, float64); }

}  // namespace

TEST_CASE("the quantile loss weighs what is too low by q, what is too high by 1 - q") {
  const Tensor x = f64({1.0, 1.0, 1.0}), y = f64({3.0, 0.0, 1.0});
  const auto each = nn::quantile_loss(x, y, {.quantile = 0.9, .reduction = Reduction::none}).to_vector();
  CHECK(each[0] == Approx(1.8));
  CHECK(each[1] == Approx(0.1));
  CHECK(each[2] == 0);
  CHECK_THAT(nn::quantile_loss(x, y), AllClose(0.5 * nn::l1_loss(x, y)));
  const Tensor at = track(f64({1.0}));
  CHECK(grad(nn::quantile_loss(at, f64({1.0})), at).item() == 0);
  CHECK_THAT([&](const Tensor& a, const Tensor& b) { return nn::quantile_loss(a, b, {.quantile = 0.3}); },
             DifferentiatesCorrectly({f64({0.4, 2.0}), f64({1.0, -1.0})}));
  CHECK_THROWS_AS(nn::quantile_loss(x, y, {.quantile = -0.1}), ValueError);
  CHECK_THROWS_AS(nn::quantile_loss(x, y, {.quantile = std::nan("")}), ValueError);
}

TEST_CASE("the mean quantile loss is smallest at the quantile") {
  Rng rng(1);
  const Tensor samples = uniform({2000}, rng, 0, 1, float64);
  const auto at = [&](double x) {
    return nn::quantile_loss(full({2000}, x, float64), samples, {.quantile = 0.7}).item();
  };
  const double best = quantile(samples, 0.7).item();
  CHECK(at(best) < at(best - 0.02));
  CHECK(at(best) < at(best + 0.02));
}

TEST_CASE("the Poisson loss, from logarithms and from rates, with Stirling's term") {
  const Tensor x = f64({0.5, -1.0, 2.0}), y = f64({0.0, 1.0, 4.0});
  const auto xs = x.to_vector(), ys = y.to_vector();
  const auto logs = nn::poisson_nll_loss(x, y, {.reduction = Reduction::none}).to_vector();
  const auto rates =
      nn::poisson_nll_loss(exp(x), y, {.log_input = false, .eps = 0, .reduction = Reduction::none}).to_vector();
  const auto full = nn::poisson_nll_loss(x, y, {.full = true, .reduction = Reduction::none}).to_vector();
  for (std::size_t i = 0; i < 3; ++i) {
    const double expected = std::exp(xs[i]) - ys[i] * xs[i];
    CHECK(logs[i] == Approx(expected).epsilon(1e-14));
    CHECK(rates[i] == Approx(expected).epsilon(1e-14));
    const double stirling =
        ys[i] > 1 ? ys[i] * std::log(ys[i]) - ys[i] + std::log(2 * std::numbers::pi * ys[i]) / 2 : 0;
    CHECK(full[i] == Approx(expected + stirling).epsilon(1e-14));
  }
  // log(rate + eps) is finite where the rate is 0.
  CHECK(nn::poisson_nll_loss(f64({0.0}), f64({2.0}), {.log_input = false}).item() == Approx(-2 * std::log(1e-8)));
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return nn::poisson_nll_loss(a, b, {.full = true}); },
             DifferentiatesCorrectly({x, f64({0.5, 2.5, 4.0})}).order(2));
  CHECK_THAT([&](const Tensor& a) { return nn::poisson_nll_loss(a, y, {.log_input = false}); },
             DifferentiatesCorrectly(exp(x)).order(2));
  CHECK_THROWS_AS(nn::poisson_nll_loss(x, y, {.eps = -1}), ValueError);
}

TEST_CASE("the Gaussian loss takes a variance of each element, of each sample, or one for all") {
  const Tensor x = f64({{0.5, -1.0}, {2.0, 0.0}}), y = f64({{1.0, 1.0}, {2.5, -2.0}}), v = f64({0.5, 2.0});
  const Tensor each = f64({{0.5, 0.5}, {2.0, 2.0}});
  const auto call = [&](const Operand& variance) {
    return nn::gaussian_nll_loss(x, y, variance, {.reduction = Reduction::none});
  };
  const Tensor expected = 0.5 * (log(each) + square(x - y) / each);
  CHECK_THAT(call(each), AllClose(expected));
  CHECK_THAT(call(v), AllClose(expected));
  CHECK_THAT(call(unsqueeze(v, 1)), AllClose(expected));
  CHECK_THAT(call(0.5), AllClose(call(full({2, 2}, 0.5, float64))));
  CHECK(nn::gaussian_nll_loss(x, y, each, {.full = true}).item() ==
        Approx(mean(expected).item() + std::log(2 * std::numbers::pi) / 2));
  CHECK_THAT([](const Tensor& a, const Tensor& b, const Tensor& c) { return nn::gaussian_nll_loss(a, b, c); },
             DifferentiatesCorrectly({x, y, each}).order(2));
  CHECK_THROWS_AS(call(f64({{0.5, 1.0}})), ShapeError);
  CHECK_THROWS_AS(call(tensor({0.5, 1.0})), DTypeError);
  CHECK_THROWS_AS(call(f64({0.5, -1.0})), ValueError);
  CHECK_THROWS_AS(call(-1), ValueError);
}

TEST_CASE("small variances count as eps, with derivative 0") {
  const Tensor x = f64({1.0, 1.0}), v = track(f64({0.0, 1e-3}));
  const Tensor loss = nn::gaussian_nll_loss(x, f64({1.0, 1.1}), v, {.eps = 1e-3, .reduction = Reduction::none});
  CHECK(loss.to_vector()[0] == Approx(0.5 * std::log(1e-3)));
  const auto slopes = grad(sum(loss), v).to_vector();
  CHECK(slopes[0] == 0);
  CHECK(slopes[1] == Approx(0.5 * (1e3 - 0.01 * 1e6)));
}

TEST_CASE("an infinite error costs nothing on the side that the quantile does not weigh") {
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor x = tensor({infinity, -infinity, 1.0, -1.0}, float64), y = zeros({4}, float64);
  const auto each = [&](double q) {
    return nn::quantile_loss(x, y, {.quantile = q, .reduction = Reduction::none}).to_vector();
  };
  CHECK(each(0) == std::vector<double>{infinity, 0, 1, 0});
  CHECK(each(1) == std::vector<double>{0, infinity, 0, 1});
  CHECK(each(0.25) == std::vector<double>{infinity, infinity, 0.75, 0.25});
}

TEST_CASE("a rate of 0 costs nothing for the target 0, and infinitely much for others") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const DType dtype : {float32, float64}) {
    const Tensor y = tensor({0.0, 2.0}, dtype), logarithms = track(full({2}, -infinity, dtype));
    const Tensor each = nn::poisson_nll_loss(logarithms, y, {.reduction = Reduction::none});
    CHECK(each.to_vector() == std::vector<double>{0, infinity});
    CHECK(grad(sum(each), logarithms).to_vector() == std::vector<double>{0, -2});
    const Tensor rates = track(zeros({2}, dtype));
    const Tensor others = nn::poisson_nll_loss(rates, y, {.log_input = false, .eps = 0, .reduction = Reduction::none});
    CHECK(others.to_vector() == std::vector<double>{0, infinity});
    CHECK(grad(sum(others), rates).to_vector() == std::vector<double>{1, -infinity});
  }
}

}  // namespace regression_test
