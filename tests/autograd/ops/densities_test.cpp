// Densities add up to 1, and divergences are what their integrals are.

#include "autograd/ops/densities.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"

namespace xgrad {
namespace {

using Density = std::function<Tensor(const Tensor&)>;

// Midpoints of so many equal parts of [low, high].
Tensor midpoints(double low, double high, std::int64_t parts) {
  return low + (high - low) / static_cast<double>(parts) * (arange(0, static_cast<double>(parts), 1, float64) + 0.5);
}

double integral(const Density& f, double low, double high) {
  constexpr std::int64_t parts = 200'000;
  return (high - low) / parts * sum(f(midpoints(low, high, parts))).item();
}

struct Row {
  const char* name;
  Density p, q;
  double low, high;
  Tensor divergence;
};

Tensor number(double x) { return tensor(x, float64); }

}  // namespace

TEST_CASE("densities integrate to one, and divergences are their integrals") {
  namespace d = log_density;
  const std::vector<Row> rows = {
      {"normal", [](const Tensor& x) { return d::normal(x, 0.5, 1.5); },
       [](const Tensor& x) { return d::normal(x, -1, 2); }, -20, 20, kl_divergence::normal(number(0.5), 1.5, -1, 2)},
      {"laplace", [](const Tensor& x) { return d::laplace(x, 0.5, 0.7); }, {}, -30, 30, {}},
      {"student_t", [](const Tensor& x) { return d::student_t(x, 5, 0.5, 0.7); }, {}, -500, 500, {}},
      {"gamma", [](const Tensor& x) { return d::gamma(x, 2.5, 1.5); },
       [](const Tensor& x) { return d::gamma(x, 3.5, 0.8); }, 0, 60, kl_divergence::gamma(number(2.5), 1.5, 3.5, 0.8)},
      {"beta", [](const Tensor& x) { return d::beta(x, 2.5, 3.5); }, [](const Tensor& x) { return d::beta(x, 1.5, 4); },
       0, 1, kl_divergence::beta(number(2.5), number(3.5), 1.5, 4)},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(integral([&](const Tensor& x) { return exp(row.p(x)); }, row.low, row.high) == Approx(1).epsilon(2e-6));
    if (!row.divergence.defined()) continue;
    const double expected =
        integral([&](const Tensor& x) { return exp(row.p(x)) * (row.p(x) - row.q(x)); }, row.low, row.high);
    CHECK(row.divergence.item() == Approx(expected).epsilon(1e-6));
  }
}

TEST_CASE("probabilities add up to one, and divergences are their sums") {
  namespace d = log_density;
  const Tensor bits = tensor({0.0, 1.0}, float64), counts = arange(0, 80, 1, float64);
  const auto check = [](const Tensor& p, const Tensor& q, const Tensor& divergence) {
    CHECK(sum(exp(p)).item() == Approx(1));
    CHECK(divergence.item() == Approx(sum(exp(p) * (p - q)).item()));
  };
  check(d::bernoulli(bits, 0.7), d::bernoulli(bits, -1.2), kl_divergence::bernoulli(number(0.7), -1.2));
  check(d::poisson(counts, 6.5), d::poisson(counts, 9), kl_divergence::poisson(number(6.5), number(9)));
  const Tensor a = tensor({0.3, -1.0, 2.0}, float64), b = tensor({1.3, 0.0, 0.5}, float64), at = tensor({0, 1, 2});
  check(d::categorical(at, a), d::categorical(at, b), kl_divergence::categorical(a, b));
  CHECK(d::categorical(tensor({{0}, {2}}), stack({a, b})).shape() == Shape{2, 2});
  CHECK(d::bernoulli(bits, 800.0).to_vector() == std::vector<double>{-800, 0});
  CHECK(d::poisson(number(0), number(0)).item() == 0);
}

TEST_CASE("densities of vectors") {
  const Tensor covariance = tensor({{1.5, 0.6}, {0.6, 0.9}}, float64), factor = cholesky(covariance);
  const Tensor other = cholesky(tensor({{2.0, -0.3}, {-0.3, 1.2}}, float64));
  const Tensor mean = tensor({0.4, -0.2}, float64), away = tensor({-0.5, 0.1}, float64);
  constexpr std::int64_t parts = 400;
  const Tensor line = midpoints(-9, 9, parts);
  const std::vector<Tensor> grid = meshgrid({line, line});
  const Tensor points = stack(grid, -1), p = log_density::multivariate_normal(points, mean, factor);
  const double area = std::pow(18.0 / parts, 2);
  CHECK(area * sum(exp(p)).item() == Approx(1).epsilon(1e-6));
  const Tensor q = log_density::multivariate_normal(points, away, other);
  CHECK(kl_divergence::multivariate_normal(mean, factor, away, other).item() ==
        Approx(area * sum(exp(p) * (p - q)).item()).epsilon(1e-6));
  // Of two parts that add up to 1, Dirichlet's distribution is the beta distribution of the first.
  const Tensor x = tensor({0.2, 0.5, 0.9}, float64), both = stack({x, 1 - x}, -1);
  const Tensor a = tensor({2.5, 1.5}, float64), b = tensor({0.8, 3.0}, float64);
  const std::vector<double> dirichlet = log_density::dirichlet(both, a).to_vector(),
                            beta = log_density::beta(x, 2.5, 1.5).to_vector();
  for (std::size_t i = 0; i < 3; ++i) CHECK(dirichlet[i] == Approx(beta[i]));
  CHECK(kl_divergence::dirichlet(a, b).item() ==
        Approx(kl_divergence::beta(number(2.5), number(1.5), number(0.8), number(3)).item()));
}

TEST_CASE("densities and divergences differentiate as their differences say") {
  namespace d = log_density;
  const Tensor x = tensor({0.3, 0.7}, float64), a = tensor({1.7, 2.4}, float64), b = tensor({0.9, 3.1}, float64);
  const auto checks = [&](const std::function<Tensor(const Tensor&, const Tensor&, const Tensor&)>& f) {
    CHECK_THAT(f, DifferentiatesCorrectly({x, a, b}).order(2));
  };
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) { return d::normal(s, t, u); });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) { return d::laplace(s, t, u); });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) { return d::student_t(s, t, 0.1, u); });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) { return d::gamma(s, t, u); });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) { return d::beta(s, t, u); });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) { return d::poisson(3, s) + d::bernoulli(1, t * u); });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) { return d::dirichlet(s, t) + sum(u); });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) {
    return d::multivariate_normal(s, t, cholesky(outer(u, u) + eye(2, {}, float64)));
  });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) { return kl_divergence::gamma(s, t, u, t * u); });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) { return kl_divergence::normal(s, t, u, t + u); });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) {
    return kl_divergence::bernoulli(s, t) + kl_divergence::categorical(t, u) + kl_divergence::poisson(s, u);
  });
}

}  // namespace xgrad
