// Densities add up to 1, and divergences are what their integrals are.

#include "autograd/ops/densities.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::densities_test {
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
      {"laplace", [](const Tensor& x) { return d::laplace(x, 0.5, 0.7); },
       [](const Tensor& x) { return d::laplace(x, -1, 2); }, -30, 30, kl_divergence::laplace(number(0.5), 0.7, -1, 2)},
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
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) {
    const Tensor one = cholesky(outer(u, u) + eye(2, {}, float64)), other = cholesky(outer(t, t) + eye(2, {}, float64));
    return kl_divergence::multivariate_normal(s, one, t, other);
  });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) { return kl_divergence::gamma(s, t, u, t * u); });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) {
    return kl_divergence::normal(s, t, u, t + u) + kl_divergence::laplace(s, t, u, t + u);
  });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) {
    return kl_divergence::beta(s, t, u, t + u) + kl_divergence::dirichlet(s + t, u) + d::gamma(s, 20 * t, 30 * u);
  });
  checks([](const Tensor& s, const Tensor& t, const Tensor& u) {
    return kl_divergence::bernoulli(s, t) + kl_divergence::categorical(t, u) + kl_divergence::poisson(s, u);
  });
}

// Of large parameters, neighbours and tails, with 50 digits (mpmath).
TEST_CASE("densities and divergences keep their digits for large parameters, between neighbours and in tails") {
  namespace d = log_density;
  namespace k = kl_divergence;
  using Xs = std::vector<Tensor>;
  const std::map<std::string, std::function<Tensor(const Xs&)>> functions = {
      {"gamma", [](const Xs& x) { return d::gamma(x[0], x[1], x[2]); }},
      {"poisson", [](const Xs& x) { return d::poisson(x[0], x[1]); }},
      {"beta", [](const Xs& x) { return d::beta(x[0], x[1], x[2]); }},
      {"student_t", [](const Xs& x) { return d::student_t(x[0], x[1], x[2], x[3]); }},
      {"bernoulli", [](const Xs& x) { return d::bernoulli(x[0], x[1]); }},
      {"kl_gamma", [](const Xs& x) { return k::gamma(x[0], x[1], x[2], x[3]); }},
      {"kl_beta", [](const Xs& x) { return k::beta(x[0], x[1], x[2], x[3]); }},
      {"kl_poisson", [](const Xs& x) { return k::poisson(x[0], x[1]); }},
      {"kl_normal", [](const Xs& x) { return k::normal(x[0], x[1], x[2], x[3]); }},
      {"kl_laplace", [](const Xs& x) { return k::laplace(x[0], x[1], x[2], x[3]); }},
      {"kl_bernoulli", [](const Xs& x) { return k::bernoulli(x[0], x[1]); }}};
  struct Known {
    std::string name;
    std::vector<double> at;
    double value;
  };
  const Known table[] = {
      {"gamma", {10010.0, 10000.0, 1.0}, -5.5301132220238465},
      {"gamma", {0.25, 0.001, 4.0}, -6.520884524263963},
      {"gamma", {9500000.0, 10000000.0, 1.0}, -12941.870568577964},
      {"gamma", {1e-300, 0.5, 1.0}, 344.81539900618215},
      {"gamma", {700.0, 2.0, 1.0}, -693.4489196649566},
      {"poisson", {0.0, 3.0}, -3.0},
      {"poisson", {10000.0, 10100.0}, -6.0208085208452662},
      {"poisson", {10000000.0, 9990000.0}, -13.981322202352167},
      {"poisson", {3.0, 1e-20}, -139.9468650488708},
      {"beta", {0.5, 10000.0, 10010.0}, 4.7236909917830759},
      {"beta", {1e-30, 0.001, 0.5}, 62.099335306222027},
      {"beta", {0.999, 1000000.0, 1000.0}, 9.442611635104967},
      {"beta", {0.25, 100000.0, 300000.0}, 6.3676586938484448},
      {"student_t", {1e+25, 3.0, 0.0, 1.0}, -229.06217357169186},
      {"student_t", {2.0, 100000000.0, 0.0, 1.0}, -2.9189385157046734},
      {"student_t", {0.5, 0.01, 0.0, 2.0}, -4.6961758425114124},
      {"bernoulli", {1.0, 100.0}, -3.720075976020836e-44},
      {"bernoulli", {0.0, 100.0}, -100.0},
      {"bernoulli", {0.0, -700.0}, -9.8596765437597709e-305},
      {"kl_gamma", {10000.0, 2.0, 10001.0, 2.0}, 5.00008333333325e-5},
      {"kl_gamma", {1000000.0, 1.0, 1000000.0, 1.001}, 0.49966691646672317},
      {"kl_gamma", {0.01, 1.0, 0.02, 5.0}, 0.31474473438635899},
      {"kl_beta", {10000.0, 20000.0, 10001.0, 20000.0}, 3.3334074074073251e-5},
      {"kl_beta", {0.01, 3.0, 5.0, 0.2}, 503.04038966770206},
      {"kl_poisson", {1000000.0, 1000001.0}, 4.9999966666691667e-7},
      {"kl_poisson", {0.25, 3.0}, 2.1287733375529999},
      {"kl_normal", {1.0, 2.0, 1.0, 2.0009765625}, 2.3822468138520625e-7},
      {"kl_normal", {0.0, 1.0, 30.0, 0.125}, 28829.42055845832},
      {"kl_laplace", {0.0, 2.0, 0.0009765625, 2.0}, 1.1918988936538794e-7},
      {"kl_laplace", {0.0, 1.0, 5.0, 30.0}, 2.5680886465621249},
      {"kl_bernoulli", {100.0, 101.0}, 1.368539471173853e-44},
      {"kl_bernoulli", {-3.0, 40.0}, 37.912100101790886},
  };
  for (const Known& known : table) {
    Xs wide, narrow;
    bool exact = true;
    for (const double x : known.at) {
      wide.push_back(track(tensor(x, float64)));
      narrow.push_back(tensor(x, float32));
      exact = exact && (narrow.back().item() == x);
    }
    const Tensor y = functions.at(known.name)(wide);
    INFO(known.name << " at " << known.at[0] << ", " << known.at[1] << " is " << y);
    CHECK(y.item() == Approx(known.value).epsilon(2e-14).margin(0));
    for (const Tensor& slope : grad(y, wide, {.allow_unused = true}))
      if (slope.defined()) CHECK(std::isfinite(slope.item()));
    if (!exact || std::abs(known.value) < 1e-37) continue;
    const bool divergence = known.name[0] == 'k' && known.name != "kl_gamma" && known.name != "kl_beta";
    const double margin = divergence ? 0 : 2e-6;  // in units of the logarithm
    CHECK(functions.at(known.name)(narrow).item() == Approx(known.value).epsilon(2e-6).margin(margin));
  }
}

TEST_CASE("the divergence of neighbours in several dimensions is the sum of those along independent axes") {
  const Tensor p = tensor({1.5, 0.25, 30.0}, float64), q = p * (1 + 1e-7 * tensor({1.0, -2.0, 0.5}, float64));
  const Tensor mean = tensor({0.5, 1.0, -2.0}, float64), away = mean + 1e-7;
  const double expected = sum(kl_divergence::normal(mean, p, away, q)).item();
  CHECK(expected > 0);
  CHECK(kl_divergence::multivariate_normal(mean, diag_embed(p), away, diag_embed(q)).item() ==
        Approx(expected).epsilon(1e-13).margin(0));
  const Tensor batch = stack({diag_embed(p), diag_embed(q)}), one = diag_embed(q);
  CHECK(kl_divergence::multivariate_normal(mean, batch, mean, one).shape() == Shape{2});
  CHECK(kl_divergence::multivariate_normal(mean, batch, mean, one).to_vector()[1] == 0);
}

TEST_CASE("densities where they end") {
  namespace d = log_density;
  const double inf = std::numeric_limits<double>::infinity();
  const auto f64 = [](const Literal& x) { return tensor(x, float64); };
  CHECK(d::gamma(f64(0), f64({0.5, 2.0, 100.0}), 3).to_vector() == std::vector<double>{inf, -inf, -inf});
  CHECK(d::gamma(f64(0), 1, 3).item() == Approx(std::log(3.0)));
  CHECK(d::beta(f64({0.0, 0.0, 0.0, 1.0}), f64({0.5, 2.0, 200.0, 5.0}), f64({1.5, 2.0, 300.0, 0.5})).to_vector() ==
        std::vector<double>{inf, -inf, -inf, inf});
  CHECK(d::beta(f64(0), 1, f64(3)).item() == Approx(std::log(3.0)));
  CHECK(d::poisson(f64({0.0, 2.0, 50.0}), f64(0)).to_vector() == std::vector<double>{0, -inf, -inf});
  CHECK(d::bernoulli(f64({0.0, 1.0}), f64({-inf, inf})).to_vector() == std::vector<double>{0, 0});
  CHECK(kl_divergence::poisson(f64({0.0, 0.0}), f64({0.0, 2.0})).to_vector() == std::vector<double>{0, 2});
  CHECK(kl_divergence::bernoulli(f64(inf), f64(inf)).item() == 0);
  // A class that neither distribution has contributes nothing; one that the first alone has, everything.
  const Tensor p = track(f64({0.0, 1.0, -inf})), same = kl_divergence::categorical(p, f64({0.0, 1.0, -inf}));
  CHECK(same.item() == 0);
  CHECK(max(abs(grad(same, p))).item() < 1e-16);
  CHECK(kl_divergence::categorical(f64({0.0, 1.0}), f64({0.0, -inf})).item() == inf);
  // One concentration for all.
  const Tensor x = f64({0.2, 0.3, 0.5});
  CHECK(d::dirichlet(x, 2).item() == Approx(d::dirichlet(x, f64({2.0, 2.0, 2.0})).item()));
}

TEST_CASE("infinitely far out, the logarithm of a density is -inf") {
  namespace d = log_density;
  const double inf = std::numeric_limits<double>::infinity();
  for (const DType dtype : {float32, float64}) {
    const Tensor x = tensor(inf, dtype);
    for (const double a : {0.5, 1.0, 2.0, 3.5, 100.0}) {
      CHECK(d::gamma(x, a, 2).item() == -inf);
      CHECK(d::gamma(2, a, x).item() == -inf);
      CHECK(d::student_t(x, a, 0, 1).item() == -inf);
    }
    for (const double rate : {0.0, 0.5, 3.0, 100.0}) CHECK(d::poisson(x, rate).item() == -inf);
    for (const double count : {0.0, 1.0, 200.0}) CHECK(d::poisson(count, x).item() == -inf);
    for (const Tensor& each : {x, -x}) {
      CHECK(d::normal(each, 0, 1).item() == -inf);
      CHECK(d::laplace(each, 0, 1).item() == -inf);
      const Tensor one = ones_like(each), factor = eye(2, {}, dtype);
      CHECK(d::multivariate_normal(stack({each, one}), 0 * stack({one, one}), factor).item() == -inf);
    }
    const Tensor at = track(x);
    CHECK(grad(d::gamma(at, 3.5, 2), at).item() == -2);
  }
  // What is finite, though a quotient of it is not.
  const auto f64 = [](const Literal& x) { return tensor(x, float64); };
  CHECK(kl_divergence::poisson(f64(1e-10), f64(1e300)).item() == Approx(1e300));
  CHECK(kl_divergence::poisson(f64(1e100), f64(1e-300)).item() == Approx(1e100 * (400 * std::log(10.0) - 1)));
  CHECK(std::isnan(
      d::multivariate_normal(f64({inf, std::nan("")}), f64({0.0, 0.0}), f64({{1.0, 0.0}, {0.0, 1.0}})).item()));
}

TEST_CASE("divergences of categorical distributions are those of the same classes") {
  throws<ShapeError>("kl_divergence::categorical: the classes of [3] f32 and [2, 1] f32 are not the same").by([] {
    kl_divergence::categorical(tensor({0.0, 1.0, 2.0}), tensor({{0.0}, {1.0}}));
  });
  throws<ShapeError>("kl_divergence::categorical: the classes of [3] f32 and [] f32 are not the same").by([] {
    kl_divergence::categorical(tensor({0.0, 1.0, 2.0}), 1.0);
  });
  CHECK(kl_divergence::categorical(zeros({2, 3}), zeros({3})).shape() == Shape{2});
}

TEST_CASE("second derivatives by a logit and by a mean are there where they are 0") {
  const Tensor zero = tensor({0.0}, float64);
  const auto second = [&](const std::function<Tensor(const Tensor&)>& f) { return hessian(f)(zero).item(); };
  CHECK(second([](const Tensor& l) { return sum(log_density::bernoulli(1, l)); }) == Approx(-0.25));
  CHECK(second([](const Tensor& l) { return sum(kl_divergence::bernoulli(l, 0.0)); }) == Approx(0.25));
  CHECK(second([](const Tensor& m) { return sum(kl_divergence::laplace(m, 2, 0, 2)); }) == Approx(0.25));
}

TEST_CASE("Poisson's density of counts whose sum with the rate is not finite is that of the limit") {
  for (const DType dtype : {float32, float64})
    for (const double ratio : {0.8, 1.5}) {
      const double count = dtype == float32 ? 1.9e38 : 1e308;
      const Tensor x = tensor(count, dtype), rate = track(tensor(ratio * count, dtype));
      const Tensor density = log_density::poisson(x, rate);
      CHECK(density.item() / count == Approx(std::log(ratio) + 1 - ratio).epsilon(dtype == float32 ? 1e-5 : 1e-13));
      CHECK(grad(density, rate).item() == Approx(1 / ratio - 1).epsilon(1e-5));
    }
}

}  // namespace xgrad::densities_test
