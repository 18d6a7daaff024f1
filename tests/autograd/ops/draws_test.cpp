// Draws against the distribution functions (Kolmogorov and Smirnov), their derivatives against quadrature, values with
// 50 digits and differences of quantiles, and that neither threads nor neighbours change a bit.

#include "autograd/ops/draws.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include "autograd/autograd.hpp"
#include "tests/autograd/ops/means.hpp"
#include "tests/throws.hpp"

namespace xgrad::draws_test {
namespace {

using Numbers = std::vector<double>;
using Distribution = std::function<double(double)>;
constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t many = 20000;
const Shape shape{many};

// How far the empirical distribution function is from the other, times the root of the number of draws: 0.1 % of
// samples are beyond 1.95, fewer if it has steps.
double kolmogorov(const Tensor& drawn, const Distribution& below) {
  Numbers draws = drawn.to_vector();
  std::sort(draws.begin(), draws.end());
  const auto n = static_cast<double>(draws.size());
  double most = 0;
  for (std::size_t i = 0, end; i < draws.size(); i = end) {
    for (end = i; end < draws.size() && draws[end] == draws[i];) ++end;
    const double at = below(draws[i]), before = drawn.dtype() == int64 ? below(draws[i] - 1) : at;
    most = std::max({most, std::abs(static_cast<double>(end) / n - at), std::abs(static_cast<double>(i) / n - before)});
  }
  return std::sqrt(n) * most;
}

double phi(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }
double above(double x) { return std::erfc(x / std::numbers::sqrt2) / 2; }
double gamma_below(double a, double x) { return x < 0 ? 0 : gammainc(tensor(a, float64), tensor(x, float64)).item(); }

struct Row {
  const char* name;
  std::function<Tensor(Rng&, DType)> draw;
  Distribution below;
};

const std::vector<Row>& distributions() {
  static const std::vector<Row> rows = {
      {"exponential", [](Rng& rng, DType d) { return exponential(shape, rng, 2, d); },
       [](double x) { return -std::expm1(-2 * x); }},
      {"laplace", [](Rng& rng, DType d) { return laplace(shape, rng, 1, 0.5, d); },
       [](double x) { return x < 1 ? std::exp(2 * x - 2) / 2 : 1 - std::exp(2 - 2 * x) / 2; }},
      {"gumbel", [](Rng& rng, DType d) { return gumbel(shape, rng, -1, 2, d); },
       [](double x) { return std::exp(-std::exp(-(x + 1) / 2)); }},
      {"cauchy", [](Rng& rng, DType d) { return cauchy(shape, rng, 0.5, 2, d); },
       [](double x) { return 0.5 + std::atan((x - 0.5) / 2) / std::numbers::pi; }},
      {"lognormal", [](Rng& rng, DType d) { return lognormal(shape, rng, 0.3, 0.7, d); },
       [](double x) { return phi((std::log(x) - 0.3) / 0.7); }},
      {"truncated normal", [](Rng& rng, DType d) { return truncated_normal(shape, rng, 0.5, 1.5, -1, 2, d); },
       [](double x) { return (phi((x - 0.5) / 1.5) - phi(-1)) / (phi(1) - phi(-1)); }},
      {"upper tail of the normal", [](Rng& rng, DType d) { return truncated_normal(shape, rng, 0, 1, 8, inf, d); },
       [](double x) { return 1 - above(x) / above(8); }},
      {"part of the lower tail", [](Rng& rng, DType d) { return truncated_normal(shape, rng, 0, 1, -20.1, -20, d); },
       [](double x) { return (phi(x) - phi(-20.1)) / (phi(-20) - phi(-20.1)); }},
      {"half of the normal", [](Rng& rng, DType d) { return truncated_normal(shape, rng, 0, 1, -inf, 0.5, d); },
       [](double x) { return phi(x) / phi(0.5); }},
      {"logarithms of gamma 0.001", [](Rng& rng, DType d) { return log_gamma_draw(shape, rng, 0.001, d); },
       [](double y) { return y < -50 ? std::exp(0.001 * y - std::lgamma(1.001)) : gamma_below(0.001, std::exp(y)); }},
      {"gamma 0.3", [](Rng& rng, DType d) { return gamma(shape, rng, 0.3, 1, d); },
       [](double x) { return gamma_below(0.3, x); }},
      {"gamma 1", [](Rng& rng, DType d) { return gamma(shape, rng, 1, 3, d); },
       [](double x) { return -std::expm1(-3 * x); }},
      {"gamma 2.5", [](Rng& rng, DType d) { return gamma(shape, rng, 2.5, 0.5, d); },
       [](double x) { return gamma_below(2.5, x / 2); }},
      {"gamma 10000", [](Rng& rng, DType d) { return gamma(shape, rng, 1e4, 1, d); },
       [](double x) { return gamma_below(1e4, x); }},
      {"chi squared", [](Rng& rng, DType d) { return chi_squared(shape, rng, 4, d); },
       [](double x) { return 1 - std::exp(-x / 2) * (1 + x / 2); }},
      {"student t, 1", [](Rng& rng, DType d) { return student_t(shape, rng, 1, d); },
       [](double x) { return 0.5 + std::atan(x) / std::numbers::pi; }},
      {"student t, 2", [](Rng& rng, DType d) { return student_t(shape, rng, 2, d); },
       [](double x) { return 0.5 + x / (2 * std::sqrt(2 + x * x)); }},
      {"beta 0.5, 0.5", [](Rng& rng, DType d) { return beta(shape, rng, 0.5, 0.5, d); },
       [](double x) { return 2 / std::numbers::pi * std::asin(std::sqrt(std::min(x, 1.0))); }},
      {"beta 2, 3", [](Rng& rng, DType d) { return beta(shape, rng, 2, 3, d); },
       [](double x) { return x * x * (6 + x * (3 * x - 8)); }},
      {"an element of dirichlet 1, 2, 2",
       [](Rng& rng, DType d) {
         return select(dirichlet({many, 3}, rng, tensor({1.0, 2.0, 2.0}, d)), -1, 1);
       },
       [](double x) { return x * x * (6 + x * (3 * x - 8)); }},
      {"poisson 0.7", [](Rng& rng, DType d) { return poisson(shape, rng, tensor(0.7, d)); },
       [](double k) { return 1 - gamma_below(k + 1, 0.7); }},
      {"poisson 9.9", [](Rng& rng, DType d) { return poisson(shape, rng, tensor(9.9, d)); },
       [](double k) { return 1 - gamma_below(k + 1, tensor(9.9).item()); }},
      {"poisson 12", [](Rng& rng, DType d) { return poisson(shape, rng, tensor(12, d)); },
       [](double k) { return 1 - gamma_below(k + 1, 12); }},
      {"poisson 300", [](Rng& rng, DType d) { return poisson(shape, rng, tensor(300, d)); },
       [](double k) { return 1 - gamma_below(k + 1, 300); }},
      {"poisson 1e6", [](Rng& rng, DType d) { return poisson(shape, rng, tensor(1e6, d)); },
       [](double k) { return 1 - gamma_below(k + 1, 1e6); }},
  };
  return rows;
}

}  // namespace

TEST_CASE("draws are distributed as they should be") {
  std::uint64_t seed = 0;
  for (const Row& row : distributions())
    for (const DType dtype : {float64, float32}) {
      Rng rng(++seed);
      const Tensor draws = row.draw(rng, dtype);
      INFO(row.name << " in " << name(dtype));
      CHECK((draws.dtype() == dtype || draws.dtype() == int64));
      CHECK(kolmogorov(draws, row.below) < 2.2);
      Rng again(seed);
      CHECK(row.draw(again, dtype).to_vector() == draws.to_vector());
      CHECK(again.state() == rng.state());
      CHECK(row.draw(rng, dtype).to_vector() != draws.to_vector());
    }
}

TEST_CASE("neither threads nor neighbours change a draw, or its derivative") {
  const Tensor a = track(linspace(0.1, 30, 5000, float64)), b = track(linspace(5, 1e4, 5000, float64));
  const auto all = [&] {
    Rng rng(3);
    const Shape one{5000};
    const Tensor loss = sum(gamma(one, rng, a, b) + beta(one, rng, a, b) + truncated_normal(one, rng, a, b, -1, 7) +
                            student_t(one, rng, a) + exponential(one, rng, b));
    const std::vector<Tensor> gradients = grad(loss, std::vector<Tensor>{a, b});
    Numbers result = poisson(one, rng, b).to_vector();
    for (const Tensor& x : {gradients[0], gradients[1], gamma(one, rng, a, b), gammainc(a, b / 100)})
      for (const double number : x.to_vector()) result.push_back(number);
    return result;
  };
  const int before = num_threads();
  set_num_threads(1);
  const Numbers alone = all();
  for (const int threads : {2, 3, 5}) {
    set_num_threads(threads);
    CHECK(all() == alone);
  }
  set_num_threads(before);
  // An element depends on its own parameters and its own place.
  Numbers other = a.to_vector();
  Rng one(4), two(4);
  const Numbers first = gamma({5000}, one, a, 1).to_vector();
  for (std::size_t i = 0; i < other.size(); ++i)
    if (i % 7) other[i] += 0.5;
  const Numbers second = gamma({5000}, two, tensor(other, float64), 1).to_vector();
  for (std::size_t i = 0; i < other.size(); i += 7) CHECK(first[i] == second[i]);
  CHECK(one.state() == two.state());
}

TEST_CASE("what is far out is drawn, and infinite bounds pass no derivative") {
  Rng rng(6);
  const Tensor middle = track(tensor(0.0, float64)), width = track(tensor(1.0, float64));
  // So far out, the distance to the bound is exponentially distributed, with the bound as the rate.
  const Tensor far = truncated_normal(shape, rng, middle, width, 1e5, inf);
  CHECK(min(far).item() >= 1e5);
  check_mean(1e5 * (far - 1e5), 1);
  for (const Tensor& slope : grad(sum(far), std::vector<Tensor>{middle, width})) CHECK(std::isfinite(slope.item()));
  const Tensor below = truncated_normal({1000}, rng, tensor(0.0f), 1, -inf, -30);
  CHECK(max(below).item() <= -30);
  CHECK(min(below).item() > -31);
  CHECK(truncated_normal({3}, rng, 5, 1, 2, 2).to_vector() == Numbers{2, 2, 2});
  // Between bounds that are near each other, all is equally likely.
  const std::vector<std::pair<double, double>> narrow{
      {0.5, 0.5 + 1e-9}, {-1e-20, 2e-20}, {1e-300, 1e-299}, {-30 - 1e-7, -30}, {2e5, 2e5 + 1e-6}};
  for (const auto& [low, high] : narrow) {
    INFO("from " << low << " to " << high);
    const Tensor between = truncated_normal(shape, rng, 0, 1, tensor(low, float64), tensor(high, float64));
    const double first = low, range = high - low;
    const auto uniform_below = [=](double x) { return (x - first) / range; };
    const auto tilted = [=](double x) { return std::expm1(-first * (x - first)) / std::expm1(-first * range); };
    CHECK(kolmogorov(between, std::abs(first) * range > 1e-7 ? Distribution(tilted) : Distribution(uniform_below)) <
          2.2);
  }
  // Small numbers of degrees of freedom have tails that few dtypes hold, and no NaN.
  CHECK(any(isnan(student_t(shape, rng, 0.02, float64))).item() == 0);
  const Tensor tiny = dirichlet({1000, 3}, rng, 1e-3);
  CHECK(all(isfinite(tiny)).item() == 1);
  CHECK(max(abs(sum(tiny, -1) - 1)).item() < 1e-6);
  CHECK(poisson({3}, rng, 0).to_vector() == Numbers{0, 0, 0});
}

TEST_CASE("shares of tiny concentrations go to one part, by the proportions of the concentrations") {
  Rng rng(5);
  for (const double size : {1e-25, 1e-200, 1e-300, 1e-310, 1e-322}) {
    const Tensor a = track(tensor({3 * size, size, 1e-323 * (size > 1e-320)}, float64));
    constexpr std::int64_t fewer = 2000;
    const Tensor x = dirichlet({fewer, 3}, rng, maximum(a, 1e-323)), y = beta({fewer}, rng, a[0], a[1]);
    CHECK(min(max(x, -1)).item() == 1);
    CHECK(min(maximum(y, 1 - y)).item() == 1);
    CHECK(mean(y).item() == Approx(0.75).margin(0.04));
    CHECK(mean(x, 0)[0].item() == Approx(size > 1e-320 ? 0.75 : 61. / 83).margin(0.04));
    CHECK(isfinite(grad(sum(x * tensor({1.0, 2.0, 3.0}, float64)) + sum(y), a)).to_vector() == Numbers(3, 1));
  }
  const Tensor one = track(tensor(1.0, float64)), tiny = track(tensor(1e-310, float64));
  const Tensor y = beta({5}, rng, one, tiny);
  CHECK(y.to_vector() == Numbers(5, 1));
  CHECK(grad(sum(y), tiny).item() == 0);
  CHECK(beta({2}, rng, tensor(1e-45), tensor(1e-45)).dtype() == float32);
}

TEST_CASE("half of the least number of degrees of freedom is a number") {
  Rng rng(5);
  for (const DType dtype : {float32, float64}) {
    const Tensor least = tensor(dtype == float32 ? 0x1p-149 : 0x1p-1074, dtype);
    CHECK(chi_squared({3}, rng, least).to_vector() == Numbers(3, 0));
    CHECK(isnan(student_t({3}, rng, least)).to_vector() == Numbers(3, 0));
  }
}

TEST_CASE("parameters broadcast to the shape, and decide the dtype") {
  Rng rng(7);
  const Tensor rates = tensor({1.0, 100.0, 1e4}, float64);
  const Tensor draws = exponential({500, 3}, rng, rates);
  CHECK(draws.dtype() == float64);
  for (std::int64_t i = 0; i < 3; ++i) check_mean(select(draws * rates, -1, i), 1);
  CHECK(gamma({2, 3}, rng, tensor({{1.0}, {2.0}}), 3).dtype() == float32);
  CHECK(gamma({2, 3}, rng, 1, 3).shape() == Shape{2, 3});
  CHECK(gamma({2}, rng, 1, 3, float64).dtype() == float64);
  CHECK(beta({}, rng, 1, 3).shape() == Shape{});
  CHECK(dirichlet({0, 3}, rng, 1).shape() == Shape{0, 3});
  CHECK(poisson({0}, rng, 1).numel() == 0);
  const RandomState before = rng.state();
  CHECK(gamma({0}, rng, zeros({0}), 1).numel() == 0);
  CHECK(rng.state() == before);
}

TEST_CASE("multinomial draws by the softmax, with and without replacement") {
  Rng rng(8);
  const Numbers p{0.1, 0.2, 0.0, 0.3, 0.4};
  const Tensor logits = log(tensor(p, float64)) + 2;
  for (const Tensor& one : {logits, cast(logits, float32)}) {
    // Of two without replacement: p_i p_j / (1 - p_i)
    const Tensor pairs = multinomial(broadcast_to(one, {many, 5}), 2, rng);
    CHECK(pairs.dtype() == int64);
    CHECK(pairs.shape() == Shape{many, 2});
    std::vector<double> counts(25);
    for (const double at : (5 * select(pairs, -1, 0) + select(pairs, -1, 1)).to_vector())
      ++counts[static_cast<std::size_t>(at)];
    double apart = 0;
    for (std::size_t i = 0; i < 5; ++i)
      for (std::size_t j = 0; j < 5; ++j) {
        const double expected = i == j ? 0 : many * p[i] * p[j] / (1 - p[i]);
        if (expected == 0)
          CHECK(counts[5 * i + j] == 0);
        else
          apart += std::pow(counts[5 * i + j] - expected, 2) / expected;
      }
    CHECK(apart < 31.3);  // 0.1 % of samples are beyond that, for 11 degrees of freedom
  }
  const Tensor with = multinomial(logits, many, rng, true);
  CHECK(with.shape() == Shape{many});
  double apart = 0;
  const Numbers counts = bincount(with, 5).to_vector();
  for (std::size_t i = 0; i < 5; ++i)
    if (p[i] > 0) apart += std::pow(counts[i] - many * p[i], 2) / (many * p[i]);
  CHECK(counts[2] == 0);
  CHECK(apart < 16.3);  // 0.1 %, for 3 degrees of freedom
  Numbers every = multinomial(zeros({6}), 6, rng).to_vector();
  std::sort(every.begin(), every.end());
  CHECK(every == Numbers{0, 1, 2, 3, 4, 5});
  CHECK(multinomial(zeros({2, 3}), 0, rng).shape() == Shape{2, 0});
  CHECK(multinomial(zeros({0, 3}), 2, rng).shape() == Shape{0, 2});
  CHECK_FALSE(multinomial(track(zeros({3})), 2, rng).tracked());
}

TEST_CASE("inside vmap, each example draws its own numbers, and has its own derivatives") {
  Rng rng(10);
  const Tensor a = track(zeros({many}, float64) + 2.5);
  const Tensor draws = vmap([&](const Tensor& one) { return gamma({}, rng, one, 0.5); })(a);
  CHECK(kolmogorov(draws, [](double x) { return gamma_below(2.5, x / 2); }) < 2.2);
  const Tensor alike = track(tensor(2.5, float64));
  Rng again(10);
  CHECK(gamma(shape, again, alike, 0.5).to_vector() == draws.to_vector());
  Rng once_more(10);
  CHECK(grad(sum(draws), a).to_vector() == grad(sum(gamma(shape, once_more, a, 0.5)), a).to_vector());
  const Tensor rows = vmap([&](const Tensor& one) { return multinomial(one, 2, rng); })(zeros({1000, 6}));
  CHECK(rows.shape() == Shape{1000, 2});
  CHECK(max(bincount(select(rows, -1, 0))).item() < 230);
}

TEST_CASE("parameters of no distribution are refused, perhaps when the draw is evaluated") {
  Rng rng(9);
  throws<ValueError>("exponential: the rate is 0 at place 1 of [2]").by([&] {
    return exponential({2}, rng, tensor({1.0, 0.0})).to_vector();
  });
  throws<ValueError>("gamma: the concentration is -1 at place 0 of []").by([&] {
    return gamma({2}, rng, -1, 1).to_vector();
  });
  throws<ValueError>("gamma: the rate is nan at place 0 of []").by([&] { return gamma({2}, rng, 1, nan).to_vector(); });
  throws<ValueError>("laplace: the location is inf at place 0 of []").by([&] {
    return laplace({2}, rng, inf, 1).to_vector();
  });
  throws<ValueError>("lognormal: the deviation is -1 at place 0 of []").by([&] {
    return lognormal({2}, rng, 0, -1).to_vector();
  });
  throws<ValueError>(
      "truncated_normal: there is nothing to draw between 2 and 1 deviations from the mean, at place 0 of "
      "[2]")
      .by([&] { return truncated_normal({2}, rng, 0, 1, 2, 1).to_vector(); });
  CHECK_THROWS_AS(truncated_normal({2}, rng, 0, 1, nan, 1).to_vector(), ValueError);
  CHECK_THROWS_AS(truncated_normal({2}, rng, 0, 1, inf, inf).to_vector(), ValueError);
  throws<ValueError>("poisson: the rate is -1 at place 0 of [2], not in [0, 1e15]").by([&] {
    return poisson({2}, rng, -1).to_vector();
  });
  throws<ValueError>("poisson: the rate is 10000000000000000 at place 0 of [2], not in [0, 1e15]").by([&] {
    return poisson({2}, rng, tensor(1e16, float64)).to_vector();
  });
}

TEST_CASE("draws refuse shapes and dtypes that do not fit") {
  Rng rng(9);
  throws<ShapeError>("dirichlet: the shape has no axes").by([&] { return dirichlet({}, rng, 1); });
  CHECK_THROWS_AS(gamma({2}, rng, zeros({3}) + 1, 1), ShapeError);
  CHECK_THROWS_AS(gamma({-1}, rng, 1, 1), ShapeError);
  throws<DTypeError>("gamma: the dtype must be floating, not i64").by([&] { return gamma({2}, rng, 1, 1, int64); });
  throws<DTypeError>("gamma: needs a floating dtype, got [2] i64").by([&] { return gamma({2}, rng, arange(2), 1); });
  throws<DTypeError>("gamma: the parameters are f32 and f64, the draws f32").by([&] {
    return gamma({2}, rng, tensor(1.0), tensor(1.0, float64));
  });
  throws<DTypeError>("gamma: the parameters are f32 and f32, the draws f64").by([&] {
    return gamma({2}, rng, tensor(1.0), 1, float64);
  });
}

TEST_CASE("multinomial refuses more classes than are possible, and what are no logits") {
  Rng rng(9);
  throws<ValueError>("multinomial: 4 of 3 classes").by([&] { return multinomial(zeros({3}), 4, rng); });
  throws<ValueError>("multinomial: -1 of 3 classes").by([&] { return multinomial(zeros({3}), -1, rng, true); });
  throws<ValueError>("multinomial: row 0 has 2 possible classes, not 3").by([&] {
    return multinomial(tensor({0.0, -inf, 1.0}), 3, rng).to_vector();
  });
  throws<ValueError>("multinomial: the logits of row 1 have a NaN").by([&] {
    return multinomial(tensor({{0.0, 1.0}, {nan, 0.0}}), 1, rng).to_vector();
  });
  throws<ShapeError>("multinomial: there are no classes in [2, 0] f32").by([&] {
    return multinomial(zeros({2, 0}), 0, rng);
  });
  throws<DTypeError>("multinomial: needs a floating dtype, got [2] i64").by([&] {
    return multinomial(arange(2), 1, rng);
  });
}

}  // namespace xgrad::draws_test
