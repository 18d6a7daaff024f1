// The derivatives of draws by their parameters: against values with 50 digits, differences of quantiles, and
// quadrature.

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/autograd/ops/means.hpp"

namespace xgrad::draws_derivatives_test {
namespace {

using Numbers = std::vector<double>;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr std::int64_t many = 20000;
const Shape shape{many};

double gamma_below(double a, double x) { return gammainc(tensor(a, float64), tensor(x, float64)).item(); }

}  // namespace

// z, and dz / da where P(a, z) is constant: with 50 digits, from the series for P (mpmath).
TEST_CASE("the derivative of gamma distributed numbers by the concentration") {
  struct Known {
    double a, z, derivative;
  };
  const Known table[] = {{0.001, 5.244206408278088e-302, 3.6350111951609372e-296},
                         {0.001, 9.821659644066605e-47, 1.0348231948429596e-41},
                         {0.001, 1.5010281472783684, 673.64117388025756},
                         {0.03125, 5.7585648918116106e-129, 5.4315859375220018e-125},
                         {0.03125, 5.7585648918117305e-33, 1.3582412175708897e-29},
                         {0.03125, 1.3407703704574178e-10, 9.5272582370884628e-8},
                         {0.03125, 0.020161581886295032, 2.2341935446485364},
                         {0.03125, 4.193709508487973, 28.529064806217569},
                         {0.5, 7.853981675097838e-09, 2.9371904862031594e-7},
                         {0.5, 0.007895387046715613, 0.077489281206631686},
                         {0.5, 0.2274682115597864, 0.85836744474371519},
                         {0.5, 1.3527717270477073, 2.1447640258609767},
                         {0.5, 7.568352613311699, 3.870418530280979},
                         {1, 0.00010000500033335828, 0.00096340631126914381},
                         {1, 0.1053605156578263, 0.29996020805967083},
                         {1, 0.6931471805599453, 0.96804483044204447},
                         {1, 2.302585092994046, 1.7351460060823989},
                         {1, 9.210340371976182, 2.8962940118895118},
                         {2.5, 0.04108868791420772, 0.071485703392985456},
                         {2.5, 0.8051539934811615, 0.57275320919340637},
                         {2.5, 2.1757300955477636, 0.99591937677301971},
                         {2.5, 4.618178449890559, 1.4299107264993552},
                         {2.5, 12.87241597952794, 2.1654605117848773},
                         {10, 2.1975813582245514, 0.43338191774417209},
                         {10, 6.221304605225033, 0.79441189201392093},
                         {10, 9.668714614714133, 0.99978790183313848},
                         {10, 14.20599029215282, 1.2056909837031644},
                         {10, 26.19298663652608, 1.5830749079138633},
                         {40, 20.62223218403022, 0.70795682301450183},
                         {40, 32.13892223408758, 0.89831046948690836},
                         {40, 39.667165010689104, 0.99998742824746195},
                         {40, 48.289101807633514, 1.1016952726790126},
                         {40, 67.89126055732653, 1.2930606905992778},
                         {60, 35.364052407286714, 0.76094793931802813},
                         {60, 50.31181566192291, 0.91707230662329571},
                         {60, 59.66699789087791, 0.99999444611426447},
                         {60, 70.11628447839588, 1.0829302146439723},
                         {60, 93.16299272291118, 1.2395033111629739},
                         {1000, 886.6482614150787, 0.94120917466432747},
                         {1000, 959.6939327288333, 0.97973387941004573},
                         {1000, 999.6666864269652, 0.99999998023248873},
                         {1000, 1040.73430801369, 1.0202661294638725},
                         {1000, 1121.9041774983375, 1.0587924424219864},
                         {10000, 9632.368241115175, 0.98140527857116556},
                         {10000, 9872.060875049736, 0.99359214685451633},
                         {10000, 9999.666668642049, 0.99999999980245477},
                         {10000, 10128.367373674177, 1.0064078532341087},
                         {10000, 10376.185652970513, 1.0185947375951275}};
  for (const auto& [a, z, derivative] : table) {
    INFO("a = " << a << ", z = " << z);
    const Tensor at = track(tensor(a, float64));
    const Tensor number = detail::gamma_quantile(at, tensor(z, float64), false);
    CHECK(grad(number, at).item() == Approx(derivative).epsilon(2e-13));
    const Tensor logarithm = detail::gamma_quantile(at, log(tensor(z, float64)), true);
    CHECK(grad(exp(logarithm), at).item() == Approx(derivative).epsilon(2e-13));
    if (z < 1e-37) continue;
    const Tensor narrow = track(tensor(a, float32));
    // z in float32 is another number, which is as far from the first as it rounds.
    const double loose = 2e-6;
    CHECK(grad(detail::gamma_quantile(narrow, tensor(z, float32), false), narrow).item() ==
          Approx(derivative).epsilon(loose));
  }
  Rng rng(1);  // what underflowed has the derivative 0, and no NaN
  const Tensor small = track(zeros({1000}, float32) + 1e-3), z = gamma({1000}, rng, small, 1);
  CHECK(min(z).item() == 0);
  CHECK(all(isfinite(grad(sum(z), small))).item() == 1);
}

// Solves P(b, x) = P(a, z) for x, by Newton's method.
double moved(double a, double z, double b) {
  const double level = gamma_below(a, z);
  double x = z;
  for (int i = 0; i < 30; ++i)
    x -= (gamma_below(b, x) - level) / std::exp(log_density::gamma(tensor(x, float64), tensor(b, float64), 1).item());
  return x;
}

TEST_CASE("the second derivative of gamma distributed numbers is that of the quantile") {
  for (const auto& [a, z] : std::vector<std::pair<double, double>>{{0.4, 0.1}, {0.4, 1.7}, {3, 2}, {3, 6}, {40, 45}}) {
    const Tensor at = track(tensor(a, float64)), number = detail::gamma_quantile(at, tensor(z, float64), false);
    const Tensor first = grad(number, at, {.create_graph = true});
    const double second = grad(first, at).item(), h = 0.01 * a;
    const auto difference = [&, a = a, z = z](double d) {
      return (moved(a, z, a + d) - 2 * z + moved(a, z, a - d)) / (d * d);
    };
    INFO("a = " << a << ", z = " << z);
    CHECK(second == Approx((4 * difference(h / 2) - difference(h)) / 3).epsilon(1e-4));
  }
}

namespace {

// d E[f(x)] / d parameter by the midpoint rule.
double by_quadrature(const std::function<Tensor(const Tensor&)>& f,
                     const std::function<Tensor(const Tensor&, const Tensor&)>& log_p, double parameter, double low,
                     double high) {
  constexpr std::int64_t parts = 200'000;
  const Tensor x = low + (high - low) / parts * (arange(0, parts, 1, float64) + 0.5);
  const Tensor at = track(tensor(parameter, float64));
  return grad(sum(f(x) * exp(log_p(x, at))) * ((high - low) / parts), at).item();
}

}  // namespace

TEST_CASE("derivatives of means of draws are the derivatives of the means") {
  const auto f = [](const Tensor& x) { return cos(x) + 0.1 * x * x; };
  const auto derivatives = [&](double parameter, const std::function<Tensor(Rng&, const Tensor&)>& draw) {
    Rng rng(11);
    const Tensor each = track(zeros({many}, float64) + parameter);
    return grad(sum(f(draw(rng, each))), each);
  };
  namespace d = log_density;
  check_mean(derivatives(2.5, [](Rng& rng, const Tensor& a) { return gamma(shape, rng, a, 1.5); }),
             by_quadrature(
                 f, [](const Tensor& x, const Tensor& a) { return d::gamma(x, a, 1.5); }, 2.5, 0, 60));
  check_mean(derivatives(0.6, [](Rng& rng, const Tensor& a) { return exp(log_gamma_draw(shape, rng, a)); }),
             by_quadrature([&](const Tensor& y) { return f(exp(y)); },
                           [](const Tensor& y, const Tensor& a) { return d::gamma(exp(y), a, 1) + y; }, 0.6, -60, 5));
  check_mean(derivatives(1.5, [](Rng& rng, const Tensor& rate) { return gamma(shape, rng, 2.5, rate); }),
             by_quadrature(
                 f, [](const Tensor& x, const Tensor& rate) { return d::gamma(x, 2.5, rate); }, 1.5, 0, 60));
  check_mean(derivatives(1.5, [](Rng& rng, const Tensor& a) { return beta(shape, rng, a, 2.5); }),
             by_quadrature(
                 f, [](const Tensor& x, const Tensor& a) { return d::beta(x, a, 2.5); }, 1.5, 0, 1));
  check_mean(derivatives(2.5, [](Rng& rng, const Tensor& b) { return beta(shape, rng, 1.5, b); }),
             by_quadrature(
                 f, [](const Tensor& x, const Tensor& b) { return d::beta(x, 1.5, b); }, 2.5, 0, 1));
  check_mean(derivatives(9, [](Rng& rng, const Tensor& n) { return student_t(shape, rng, n); }),
             by_quadrature(
                 f, [](const Tensor& x, const Tensor& n) { return d::student_t(x, n, 0, 1); }, 9, -200, 200));
  check_mean(derivatives(0.7, [](Rng& rng, const Tensor& s) { return laplace(shape, rng, 0.5, s); }),
             by_quadrature(
                 f, [](const Tensor& x, const Tensor& s) { return d::laplace(x, 0.5, s); }, 0.7, -30, 30));
  check_mean(derivatives(1.7, [](Rng& rng, const Tensor& r) { return exponential(shape, rng, r); }),
             by_quadrature(
                 f, [](const Tensor& x, const Tensor& r) { return log(r) - r * x; }, 1.7, 0, 40));
  // The mean of the square of an element of Dirichlet's distribution.
  Rng rng(12);
  const Tensor a = track(broadcast_to(tensor({0.7, 1.5, 2.0}, float64), {many, 3}));
  const Tensor x = select(dirichlet({many, 3}, rng, a), -1, 0), gradient = grad(sum(x * x), a);
  const Tensor c = track(tensor({0.7, 1.5, 2.0}, float64)), whole = sum(c), one = select(c, 0, 0);
  const Numbers expected = grad(one * (one + 1) / (whole * (whole + 1)), c).to_vector();
  for (std::int64_t i = 0; i < 3; ++i) check_mean(select(gradient, -1, i), expected[static_cast<std::size_t>(i)]);
}

TEST_CASE("draws by the inverse distribution function differentiate as their differences say") {
  const auto check = [](const std::function<Tensor(Rng&, const Tensor&, const Tensor&)>& draw, const Tensor& a,
                        const Tensor& b) {
    const auto f = [&](const Tensor& x, const Tensor& y) {
      Rng rng(5);
      return draw(rng, x, y);
    };
    CHECK_THAT(f, DifferentiatesCorrectly({a, b}).order(2));
  };
  const auto f64 = [](const Literal& values) { return tensor(values, float64); };
  const Tensor mean = f64({0.3, -0.4, 1.2}), width = f64({0.7, 1.3, 0.2});
  check([](Rng& r, const Tensor& m, const Tensor& s) { return truncated_normal({3}, r, m, s, -1, 2); }, mean, width);
  check([](Rng& r, const Tensor& m, const Tensor& s) { return truncated_normal({3}, r, m, s, 4, inf); }, mean, width);
  check([](Rng& r, const Tensor& m, const Tensor& s) { return truncated_normal({3}, r, m, s, -inf, inf); }, mean,
        width);
  check([](Rng& r, const Tensor& l, const Tensor& h) { return truncated_normal({3}, r, 0.5, 0.7, l, h); },
        f64({-2, 0.1, 3.0}), f64({-1.5, 0.4, 9.0}));
  check([](Rng& r, const Tensor& m, const Tensor& s) { return laplace({3}, r, m, s) + gumbel({3}, r, m, s); }, mean,
        width);
  check([](Rng& r, const Tensor& m, const Tensor& s) { return cauchy({3}, r, m, s) + lognormal({3}, r, m, s); }, mean,
        width);
}

}  // namespace xgrad::draws_derivatives_test
