#include "nn/losses/divergences.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"

namespace divergences_test {

using namespace xgrad;
using nn::Reduction;

namespace {

Tensor f64(const Literal& values) { return tensor(values, float64); }

}  // namespace

TEST_CASE("the divergence of Gaussians is that of kl_divergence::normal, summed over each sample") {
  const Tensor m = f64({{0.5, -1.0}, {0.0, 2.0}}), l = f64({{0.1, -0.7}, {0.0, 1.2}});
  const Tensor n = f64({{0.3, 0.0}, {1.0, 1.0}}), k = f64({{-0.4, 0.2}, {0.5, 0.0}});
  const Tensor zero = zeros({2, 2}, float64), one = ones({2, 2}, float64);
  CHECK_THAT(nn::gaussian_kl_loss(m, l, {.reduction = Reduction::none}),
             AllClose(sum(kl_divergence::normal(m, exp(l / 2), zero, one), 1)));
  CHECK_THAT(nn::gaussian_kl_loss(m, l, {.prior_mean = n, .prior_log_variance = k}),
             AllClose(mean(sum(kl_divergence::normal(m, exp(l / 2), n, exp(k / 2)), 1))));
  CHECK(nn::gaussian_kl_loss(n, k, {.prior_mean = n, .prior_log_variance = k}).item() == 0);
  CHECK_THAT([&](const Tensor& a, const Tensor& b, const Tensor& c,
                 const Tensor& d) { return nn::gaussian_kl_loss(a, b, {.prior_mean = c, .prior_log_variance = d}); },
             DifferentiatesCorrectly({m, l, n, k}).order(2));
  CHECK_THROWS_AS(nn::gaussian_kl_loss(m, l, {.prior_mean = f64({0.0})}), ShapeError);
  CHECK_THROWS_AS(nn::gaussian_kl_loss(m, f64({0.0})), ShapeError);
}

TEST_CASE("the divergence of Gaussians keeps its digits near 0") {
  const double l = 1e-5;
  CHECK(nn::gaussian_kl_loss(f64({{0.0}}), f64({{l}})).item() == Approx(l * l / 4).epsilon(1e-5));
}

TEST_CASE("Wasserstein's distance in one dimension is how far the mass must go") {
  const auto at = [](const Tensor& x, const Tensor& y, double p = 1) {
    return nn::wasserstein_loss(x, y, {.p = p}).item();
  };
  CHECK(at(f64({0.0, 1.0, 3.0}), f64({5.0, 6.0, 8.0})) == Approx(5));
  CHECK(at(f64({0.0, 1.0, 3.0}), f64({6.0, 8.0, 5.0}), 2) == Approx(5));
  CHECK(at(f64({0.0, 1.0}), f64({0.0, 1.0})) == 0);
  CHECK(at(f64({0.0}), f64({1.0, 3.0})) == Approx(2));
  CHECK(at(f64({0.0}), f64({1.0, 3.0}), 2) == Approx(std::sqrt(5.0)));
  CHECK(at(f64({1.0, 2.0, 3.0, 4.0}), f64({1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0})) == Approx(0).margin(1e-15));
}

TEST_CASE("Wasserstein's distance equals the area between the distribution functions") {
  Rng rng(4);
  const Tensor x = normal({7}, rng, 0, 1, float64), y = normal({11}, rng, 1, 2, float64);
  auto xs = x.to_vector(), ys = y.to_vector(), all = xs;
  all.insert(all.end(), ys.begin(), ys.end());
  std::ranges::sort(all);
  const auto below = [](const std::vector<double>& values, double at) {
    return static_cast<double>(std::ranges::count_if(values, [&](double v) { return v <= at; })) /
           static_cast<double>(values.size());
  };
  double area = 0;
  for (std::size_t i = 0; i + 1 < all.size(); ++i)
    area += std::abs(below(xs, all[i]) - below(ys, all[i])) * (all[i + 1] - all[i]);
  CHECK(nn::wasserstein_loss(x, y).item() == Approx(area).epsilon(1e-13));
  CHECK(nn::wasserstein_loss(y, x).item() == Approx(area).epsilon(1e-13));
}

TEST_CASE("Wasserstein's distance differentiates correctly, with 0 where nothing has to move") {
  const Tensor x = f64({{0.3, -1.0, 2.0}, {1.0, 0.1, 4.0}}), y = f64({{0.0, 1.0}, {3.0, -2.0}});
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return nn::wasserstein_loss(a, b); },
             DifferentiatesCorrectly({x, y}));
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return nn::wasserstein_loss(a, b, {.p = 2}); },
             DifferentiatesCorrectly({x, y}).order(2));
  for (const double p : {1.0, 2.0, 3.0}) {
    const Tensor same = track(x);
    const Tensor loss = nn::wasserstein_loss(same, x, {.p = p});
    CHECK(loss.item() == 0);
    CHECK(grad(loss, same).to_vector() == std::vector<double>(6, 0));
  }
  CHECK_THROWS_AS(nn::wasserstein_loss(x, y(0)), ShapeError);
  CHECK_THROWS_AS(nn::wasserstein_loss(f64(1.0), f64(1.0)), ShapeError);
  CHECK_THROWS_AS(nn::wasserstein_loss(x, y, {.p = 0.9}), ValueError);
  CHECK_THROWS_AS(nn::wasserstein_loss(x, zeros({2, 0}, float64)), ValueError);
  CHECK_THROWS_AS(nn::wasserstein_loss(x, zeros({2, 3})), DTypeError);
}

}  // namespace divergences_test
