// Every unary function at zeros, denormal numbers, limits, infinities and NaN: the class of the value and of the
// gradient.

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/autograd.hpp"
#include "tests/catalogue.hpp"

namespace xgrad::catalogue::extremes_test {
namespace {

using Function = Real (*)(Real);

struct Slope {
  const char* primitive;
  Function derivative;
};

const Slope slopes[] = {
    {"neg", [](Real) -> Real { return -1; }},
    {"exp", [](Real x) { return std::exp(x); }},
    {"log", [](Real x) { return 1 / x; }},
    {"log2", [](Real x) { return 1 / (x * std::log(2.0L)); }},
    {"log1p", [](Real x) { return 1 / (1 + x); }},
    {"expm1", [](Real x) { return std::exp(x); }},
    {"sqrt", [](Real x) { return 0.5L / std::sqrt(x); }},
    {"sin", [](Real x) { return std::cos(x); }},
    {"cos", [](Real x) { return -std::sin(x); }},
    {"tan", [](Real x) { return 1 + std::tan(x) * std::tan(x); }},
    {"sinh", [](Real x) { return std::cosh(x); }},
    {"cosh", [](Real x) { return std::sinh(x); }},
    {"tanh", [](Real x) { return std::isnan(x)      ? x
                                 : std::abs(x) > 40 ? 0
                                                    : 1 / std::cosh(x) / std::cosh(x); }},
    {"asin", [](Real x) { return 1 / std::sqrt((1 - x) * (1 + x)); }},
    {"acos", [](Real x) { return -1 / std::sqrt((1 - x) * (1 + x)); }},
    {"atan", [](Real x) { return 1 / (1 + x * x); }},
    {"gaussian", [](Real x) { return -2 * (x * std::exp(-x * x)); }},
    {"erfc", [](Real x) { return -1.1283791670955126L * std::exp(-x * x); }},
    {"erf", [](Real x) { return 1.1283791670955126L * std::exp(-x * x); }},
    {"abs", [](Real x) -> Real { return x != x  ? x
                                        : x > 0 ? 1
                                        : x < 0 ? -1
                                                : 0; }},
    {"sign", [](Real) -> Real { return 0; }},
    {"floor", [](Real) -> Real { return 0; }},
    {"ceil", [](Real) -> Real { return 0; }},
    {"round", [](Real) -> Real { return 0; }},
    {"trunc", [](Real) -> Real { return 0; }},
};

// NaN, an infinity with its sign, zero, or a number with its sign.
template <class T>
std::string class_of(T x) {
  if (std::isnan(x)) return "nan";
  if (x == 0) return "zero";
  return std::string(x < 0 ? "negative" : "positive") + (std::isinf(x) ? " infinity" : "");
}

template <class T>
std::vector<T> extremes() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> all;
  for (const T x : {T(0), Limits::denorm_min(), Limits::min(), Limits::epsilon(), T(1), T(88.7), T(709.7),
                    Limits::max(), Limits::infinity()})
    for (const T signed_x : {x, -x}) all.push_back(signed_x);
  all.push_back(Limits::quiet_NaN());
  return all;
}

template <class T>
void sweep() {
  for (const Slope& slope : slopes) {
    const Row& each = row(slope.primitive);
    for (const T at : extremes<T>()) {
      const Tensor x = track(tensor(std::vector<T>{at}, dtype_of<T>));
      const Tensor y = each.cases[0].function({x});
      const T value = y.template data<T>()[0], got = grad(sum(y), x).template data<T>()[0];
      const Real exact = each.scalar({at});
      INFO(slope.primitive << "(" << at << ") in " << name(dtype_of<T>) << ": value " << value << ", derivative "
                           << got);
      CHECK(class_of(value) == class_of(static_cast<T>(exact)));
      if (std::isnan(exact) && !std::isnan(at)) continue;  // outside the domain there is no derivative to speak of
      const T expected = static_cast<T>(slope.derivative(at));
      CHECK(class_of(got) == class_of(expected));
      if (std::isfinite(expected))
        CHECK(std::abs(got - expected) <= 16 * std::numeric_limits<T>::epsilon() * std::max(T(1), std::abs(expected)));
    }
  }
}

TEST_CASE("unary functions and their derivatives at the extremes, float64") { sweep<double>(); }
TEST_CASE("unary functions and their derivatives at the extremes, float32") { sweep<float>(); }

TEST_CASE("every differentiable unary row is swept") {
  for (const Row& each : unary_rows()) {
    if (!each.gives_float || each.primitive == "cast") continue;
    INFO(each.primitive);
    CHECK(std::any_of(std::begin(slopes), std::end(slopes),
                      [&](const Slope& s) { return each.primitive == s.primitive; }));
  }
}

}  // namespace
}  // namespace xgrad::catalogue::extremes_test
