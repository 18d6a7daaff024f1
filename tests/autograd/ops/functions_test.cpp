// Functions of each element that are composed of branches.

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/autograd/ops/points.hpp"
#include "tests/throws.hpp"

namespace xgrad::functions_test {
namespace {

struct Reference {
  const char* name;
  Tensor (*f)(const Operand&);
  double (*expected)(double);
  double low, high;
};

// By the distance to the nearest whole number, which is exact.
double sinc_of(double x) {
  const long double pi = std::numbers::pi_v<long double>, whole = std::round(x), sine = std::sin(pi * (x - whole));
  return x == 0 ? 1 : static_cast<double>((std::fmod(whole, 2) == 0 ? sine : -sine) / (pi * x));
}

const Reference references[] = {
    {"asinh", asinh, std::asinh, -1e300, 1e300}, {"acosh", acosh, std::acosh, 1, 1e300},
    {"atanh", atanh, std::atanh, -1, 1},         {"sinc", sinc, sinc_of, -1e4, 1e4},
    {"trunc", trunc, std::trunc, -1e300, 1e300},
};

// Of all sizes between the bounds: powers of two from the smallest on, and what lies between.
Numbers arguments(const Reference& of, DType dtype) {
  Numbers all;
  const int least = dtype == float32 ? -120 : -1000, most = dtype == float32 ? 120 : 990;
  for (int power = least; power < most; ++power)
    for (const double factor : {1.0, 1.3, 1.75, -1.0, -1.3, -1.75}) all.push_back(std::ldexp(factor, power));
  for (int i = 0; i <= 200; ++i) all.push_back(1 + std::ldexp(1.0, -23) * i * i);  // beside 1
  if (dtype == float32)
    for (double& x : all) x = static_cast<float>(x);
  std::erase_if(all, [&](double x) { return !(x >= of.low && x <= of.high); });
  return all;
}

}  // namespace

TEST_CASE("functions of branches are accurate for arguments of all sizes") {
  for (const Reference& each : references)
    for (const DType dtype : {float32, float64}) {
      const Numbers x = arguments(each, dtype), y = each.f(tensor(x, dtype)).to_vector();
      const double tolerance = dtype == float32 ? 4e-7 : 8e-16;
      double worst = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double expected = each.expected(x[i]);
        if (y[i] == expected) continue;
        const double apart = std::abs(y[i] - expected) / std::abs(expected);
        INFO(each.name << '(' << x[i] << ") in " << name(dtype) << " is " << y[i] << ", not " << expected);
        CHECK(apart <= tolerance);
        worst = std::max(worst, apart);
      }
      CHECK(x.size() > 100);
    }
}

TEST_CASE("functions of branches at the points where they change") {
  const auto f = [](Tensor (*g)(const Operand&)) { return [g](const Tensor& x) { return g(x); }; };
  const double root = std::sqrt(2.0), pi2 = std::numbers::pi * std::numbers::pi;
  check({
      {"asinh",
       f(asinh),
       {0, 1, -1},
       {0, std::asinh(1), -std::asinh(1)},
       {1, 1 / root, 1 / root},
       Numbers{0, -0.25 * root, 0.25 * root}},
      {"asinh far out", f(asinh), {1e30, -1e30}, {std::asinh(1e30), -std::asinh(1e30)}, {1e-30, 1e-30}},
      {"asinh of infinities", f(asinh), {inf, -inf, nan}, {inf, -inf, nan}, {0, 0, nan}},
      {"acosh", f(acosh), {2}, {std::acosh(2)}, {1 / std::sqrt(3.0)}, Numbers{-2 / (3 * std::sqrt(3.0))}},
      {"acosh at 1", f(acosh), {1}, {0}, {inf}},
      {"acosh far out", f(acosh), {1e30, inf}, {std::acosh(1e30), inf}, {1e-30, 0}},
      {"acosh below 1", f(acosh), {0.5, -1, -3, -inf, nan}, {nan, nan, nan, nan, nan}, {nan, nan, nan, nan, nan}},
      {"atanh",
       f(atanh),
       {0, 0.5, -0.5},
       {0, std::atanh(0.5), -std::atanh(0.5)},
       {1, 4 / 3.0, 4 / 3.0},
       Numbers{0, 16 / 9.0, -16 / 9.0}},
      {"atanh at the ends", f(atanh), {1, -1}, {inf, -inf}, {inf, inf}},
      {"atanh beyond", f(atanh), {1.5, -1.5, nan}, {nan, nan, nan}, {-0.8, -0.8, nan}},
      {"sinc at 0", f(sinc), {0}, {1}, {0}, Numbers{-pi2 / 3}},
      {"sinc at 1/2",
       f(sinc),
       {0.5},
       {2 / std::numbers::pi},
       {-4 / std::numbers::pi},
       Numbers{16 / std::numbers::pi - 2 * std::numbers::pi}},
      {"trunc", f(trunc), {1.7, -1.7, 0.5, -0.5, inf, -inf, nan}, {1, -1, 0, 0, inf, -inf, nan}, Numbers(7)},
      {"isinf",
       [](const Tensor& x) { return where(isinf(x), 1, x); },
       {inf, -inf, 2, nan},
       {1, 1, 2, nan},
       {0, 0, 1, 1}},
      {"nan_to_num",
       [](const Tensor& x) { return nan_to_num(x, 7, 8, 9); },
       {nan, inf, -inf, 2},
       {7, 8, 9, 2},
       {0, 0, 0, 1}},
      {"copysign",
       [](const Tensor& x) {
         return copysign(x, tensor({-1.0, 1.0, -0.0, 0.0}, x.dtype()));
       },
       {2, -3, 4, -5},
       {-2, 3, -4, 5},
       {-1, -1, -1, -1}},
      {"lerp",
       [](const Tensor& w) {
         return lerp(1, tensor({3.0, 3.0, 3.0, 3.0}, w.dtype()), w);
       },
       {0, 1, 0.25, 2},
       {1, 3, 1.5, 5},
       {2, 2, 2, 2}},
      {"logaddexp2",
       [](const Tensor& x) { return logaddexp2(x, 3); },
       {3, 0, -80, inf, -inf, 1e30},
       {4, std::log2(9), 3 + std::exp2(-83) / std::numbers::ln2, inf, 3, 1e30},
       {0.5, 1 / 9.0, std::exp2(-83), 1, 0, 1}},
  });
}

TEST_CASE("functions of branches differentiate as their differences say") {
  const Tensor x = tensor({-2.5, -0.6, -0.1, 0.2, 0.7, 1.9}, float64), above = 1 + exp(x), inside = tanh(x) * 0.9;
  CHECK_THAT([](const Tensor& t) { return asinh(t); }, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([](const Tensor& t) { return acosh(t); }, DifferentiatesCorrectly(above).order(2));
  CHECK_THAT([](const Tensor& t) { return atanh(t); }, DifferentiatesCorrectly(inside).order(2));
  CHECK_THAT([](const Tensor& t) { return sinc(t); }, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([&](const Tensor& t) { return logaddexp2(t, x * t); }, DifferentiatesCorrectly(above).order(2));
  CHECK_THAT([&](const Tensor& t) { return lerp(x, t, tanh(t)); }, DifferentiatesCorrectly(above).order(2));
}

TEST_CASE("0 keeps its sign, and the sign of 0 counts") {
  for (const DType dtype : {float32, float64}) {
    for (const auto f : {asinh, atanh, trunc}) {
      CHECK(std::signbit(f(tensor(-0.0, dtype)).item()));
      CHECK_FALSE(std::signbit(f(tensor(0.0, dtype)).item()));
    }
    CHECK(std::signbit(trunc(tensor(-0.5, dtype)).item()));
  }
}

TEST_CASE("nan_to_num has the largest numbers of its dtype") {
  const Numbers wild = {inf, -inf, nan};
  const double most = std::numeric_limits<float>::max(), most64 = std::numeric_limits<double>::max();
  CHECK(nan_to_num(tensor(wild, float32)).to_vector() == Numbers{most, -most, 0});
  CHECK(nan_to_num(tensor(wild, float64)).to_vector() == Numbers{most64, -most64, 0});
  CHECK(nan_to_num(tensor({1, 2})).dtype() == int64);
}

TEST_CASE("what is close") {
  const auto flags = [](const Tensor& a, const Tensor& b, const Closeness& within = {}) {
    return isclose(a, b, within).to_vector();
  };
  const Tensor a = tensor({1.0, 1.0, inf, inf, -inf, nan, 0.0}, float64);
  const Tensor b = tensor({1.000009, 1.00002, inf, 1.0, inf, nan, 1e-9}, float64);
  CHECK(flags(a, b) == Numbers{1, 0, 1, 0, 0, 0, 1});
  CHECK(flags(a, b, {.equal_nan = true}) == Numbers{1, 0, 1, 0, 0, 1, 1});
  CHECK(flags(a, b, {.relative = 1e-4, .absolute = 0}) == Numbers{1, 1, 1, 0, 0, 0, 0});
  CHECK(flags(tensor({1.0}), tensor({inf})) == Numbers{0});
  CHECK(flags(tensor({5, 6}), tensor({5, 7})) == Numbers{1, 0});
  CHECK(isclose(a, b).dtype() == boolean);
  throws<ValueError>("isclose: the tolerances are -1 and 0").by([&] {
    isclose(a, b, {.relative = -1, .absolute = 0});
  });
}

TEST_CASE("numbers between two of different signs, whose difference overflows") {
  const Tensor low = tensor({-1.5e308, -1.5e308, -1.5e308}, float64), weights = tensor({0.0, 0.5, 1.0}, float64);
  CHECK(lerp(low, -low, weights).to_vector() == Numbers{-1.5e308, 0, 1.5e308});
  CHECK(lerp(tensor(-3e38), tensor(3e38), 0.25).item() == Approx(-1.5e38));
  const Tensor from = tensor({-1.0, 2.0}, float64), to = tensor({3.0, -0.5}, float64), at = tensor({0.2, 0.9}, float64);
  CHECK_THAT([](const Tensor& a, const Tensor& b, const Tensor& w) { return lerp(a, b, w); },
             DifferentiatesCorrectly({from, to, at}).order(2));
}

}  // namespace xgrad::functions_test
