// Every public function of one Tensor against long double, at zeros, denormal numbers, the limits of exponentials,
// infinities and NaN: value and first derivative, by the reference kernels, the interpreter and machine code.
//
// Promised is the relative accuracy of the table. Where the exact result is a denormal number, or 0 only because it is
// smaller than all of those, only that the result is no larger than two times the smallest normal number.

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "autograd/autograd.hpp"
#include "autograd/engine/engine.hpp"
#include "nn/activations.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace xgrad::sweep_test {
namespace {

using Real = long double;
constexpr Real inf = std::numeric_limits<Real>::infinity();

Real sigmoid_of(Real x) { return 1 / (1 + std::exp(-x)); }
Real density(Real x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi_v<Real>); }
Real nothing(Real) { return 0; }
Real square_of(Real x) { return x * x; }
/// The sigmoid's argument in the tanh form of gelu, and its derivative.
constexpr Real twice_root = 2 * 0.79788456080286535587989L;
Real cubic(Real x) { return twice_root * (x + 0.044715L * x * x * x); }
Real cubic_slope(Real x) { return twice_root * (1 + 3 * 0.044715L * x * x); }

/// How many times a relative error of the argument of an inner exponential counts.
Real once(Real) { return 1; }

struct Function {
  const char* name;
  Tensor (*f)(const Tensor&);
  Real (*value)(Real);
  Real (*slope)(Real);
  Real (*condition)(Real) = once;
  bool at_infinity = true;
  bool relative_slope = true;  // else it is accurate beside 1
};

const Function functions[] = {
    {"neg", [](const Tensor& x) { return -x; }, [](Real x) { return -x; }, [](Real) -> Real { return -1; }},
    {"exp", [](const Tensor& x) { return exp(x); }, std::exp, std::exp},
    {"exp2", [](const Tensor& x) { return exp2(x); }, std::exp2,
     [](Real x) { return std::numbers::ln2_v<Real> * std::exp2(x); }},
    {"log", [](const Tensor& x) { return log(x); }, std::log, [](Real x) { return 1 / x; }},
    {"log2", [](const Tensor& x) { return log2(x); }, std::log2,
     [](Real x) { return std::numbers::log2e_v<Real> / x; }},
    {"log10", [](const Tensor& x) { return log10(x); }, std::log10,
     [](Real x) { return std::numbers::log10e_v<Real> / x; }},
    {"log1p", [](const Tensor& x) { return log1p(x); }, std::log1p, [](Real x) { return 1 / (1 + x); }},
    {"expm1", [](const Tensor& x) { return expm1(x); }, std::expm1, std::exp},
    {"sqrt", [](const Tensor& x) { return sqrt(x); }, std::sqrt, [](Real x) { return 0.5L / std::sqrt(x); }},
    {"sin", [](const Tensor& x) { return sin(x); }, std::sin, std::cos},
    {"cos", [](const Tensor& x) { return cos(x); }, std::cos, [](Real x) { return -std::sin(x); }},
    {"tan", [](const Tensor& x) { return tan(x); }, std::tan, [](Real x) { return 1 + square_of(std::tan(x)); }},
    {"asin", [](const Tensor& x) { return asin(x); }, std::asin,
     [](Real x) { return 1 / std::sqrt((1 - x) * (1 + x)); }},
    {"acos", [](const Tensor& x) { return acos(x); }, std::acos,
     [](Real x) { return -1 / std::sqrt((1 - x) * (1 + x)); }},
    {"atan", [](const Tensor& x) { return atan(x); }, std::atan, [](Real x) { return 1 / (1 + x * x); }},
    {"sinh", [](const Tensor& x) { return sinh(x); }, std::sinh, std::cosh},
    {"cosh", [](const Tensor& x) { return cosh(x); }, std::cosh, std::sinh},
    // 1 - y^2 has no more digits than y leaves beside 1.
    {"tanh", [](const Tensor& x) { return tanh(x); }, std::tanh, [](Real x) { return 1 / square_of(std::cosh(x)); },
     once, true, false},
    {"gaussian", [](const Tensor& x) { return gaussian(x); }, [](Real x) { return std::exp(-x * x); },
     [](Real x) { return -2 * (x * std::exp(-x * x)); }, once, false},
    {"erfc", [](const Tensor& x) { return erfc(x); }, std::erfc,
     [](Real x) { return -2 * std::numbers::inv_sqrtpi_v<Real> * std::exp(-x * x); }},
    {"erf", [](const Tensor& x) { return erf(x); }, std::erf,
     [](Real x) { return 2 * std::numbers::inv_sqrtpi_v<Real> * std::exp(-x * x); }},
    {"abs", [](const Tensor& x) { return abs(x); }, std::abs,
     [](Real x) -> Real { return x != x ? x : (x > 0) - (x < 0); }},
    {"sign", [](const Tensor& x) { return sign(x); }, [](Real x) -> Real { return x != x ? x : (x > 0) - (x < 0); },
     nothing},
    {"floor", [](const Tensor& x) { return floor(x); }, std::floor, nothing},
    {"ceil", [](const Tensor& x) { return ceil(x); }, std::ceil, nothing},
    {"round", [](const Tensor& x) { return round(x); }, std::nearbyint, nothing},
    {"square", [](const Tensor& x) { return square(x); }, square_of, [](Real x) { return 2 * x; }},
    {"reciprocal", [](const Tensor& x) { return reciprocal(x); }, [](Real x) { return 1 / x; },
     [](Real x) { return -1 / (x * x); }},
    {"sigmoid", [](const Tensor& x) { return sigmoid(x); }, sigmoid_of,
     [](Real x) { return sigmoid_of(x) * sigmoid_of(-x); }},
    {"logsigmoid", [](const Tensor& x) { return logsigmoid(x); },
     [](Real x) { return x < 0 ? x - std::log1p(std::exp(x)) : -std::log1p(std::exp(-x)); },
     [](Real x) { return sigmoid_of(-x); }},
    {"softplus", [](const Tensor& x) { return softplus(x); },
     [](Real x) { return x > 20 ? x : std::log1p(std::exp(x)); }, [](Real x) { return x > 20 ? 1 : sigmoid_of(x); }},
    {"relu", [](const Tensor& x) { return relu(x); }, [](Real x) { return x <= 0 ? 0 : x; },
     [](Real x) { return x <= 0 ? 0 : x / x; }, once, false},
    {"leaky_relu", [](const Tensor& x) { return leaky_relu(x, 0.25); }, [](Real x) { return x <= 0 ? x / 4 : x; },
     [](Real x) { return x <= 0 ? 0.25L : x / x; }, once, false},
    {"elu", [](const Tensor& x) { return elu(x); }, [](Real x) { return x > 0 ? x : std::expm1(x); },
     [](Real x) { return x > 0 ? 1 : std::exp(x); }},
    // The products with x are infinity times 0 at the infinities.
    {"silu", [](const Tensor& x) { return silu(x); }, [](Real x) { return x * sigmoid_of(x); },
     [](Real x) { return sigmoid_of(x) * (1 + x * sigmoid_of(-x)); }, once, false},
    {"gelu", [](const Tensor& x) { return gelu(x); },
     [](Real x) { return x / 2 * std::erfc(-x / std::numbers::sqrt2_v<Real>); },
     [](Real x) { return std::erfc(-x / std::numbers::sqrt2_v<Real>) / 2 + x * density(x); },
     [](Real x) { return 1 + x * x; }, false},
    {"gelu of the tanh form", [](const Tensor& x) { return gelu(x, Gelu::tanh); },
     [](Real x) { return x * sigmoid_of(cubic(x)); },
     [](Real x) {
       const Real u = cubic(x), s = sigmoid_of(u);
       return s + (std::abs(x) > 100 ? 0 : x * s * sigmoid_of(-u) * cubic_slope(x));
     },
     [](Real x) { return 1 + std::abs(cubic(x)); }, false},
};

template <class T>
std::vector<T> points() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> all;
  for (const T x : {T(0),          Limits::denorm_min(),
                    Limits::min(), Limits::epsilon(),
                    T(1e-6),       T(0.1),
                    T(0.5),        T(1),
                    T(2),          T(3.25),
                    T(6),          T(9.5),
                    T(13),         T(20),
                    T(26),         T(37),
                    T(88.7),       T(89.25),
                    T(104),        T(709.7),
                    T(710.25),     T(745),
                    Limits::max(), static_cast<T>(inf)})
    for (const T signed_x : {x, -x}) all.push_back(signed_x);
  all.push_back(Limits::quiet_NaN());
  for (std::size_t i = 0; all.size() < 200; ++i) all.push_back(all[i]);  // rows that become machine code
  return all;
}

template <class T>
bool agrees(T got, Real exact, Real tolerance, bool relative) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(exact)) return std::isnan(got);
  const Real size = std::abs(exact), least = Limits::min();
  if (exact == 0 && relative) return std::abs(got) <= Limits::denorm_min();
  if (size < least) return std::abs(got) <= (relative ? 2 * least : tolerance);
  if (size > Limits::max() * (1 - tolerance))
    return std::abs(got) >= Limits::max() * (1 - tolerance) && got * exact > 0;
  return std::abs(got - exact) <= tolerance * (relative ? size : std::max(size, Real(1)));
}

template <class T>
void sweep() {
  const std::vector<T> at = points<T>();
  for (const Function& each : functions) {
    const Tensor x = track(tensor(at, dtype_of<T>)), y = each.f(x), slope = grad(sum(y), x, {.allow_unused = true});
    evaluate(std::vector{y, slope});
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (std::isinf(at[i]) && !each.at_infinity) continue;
      const Real exact = each.value(at[i]),
                 tolerance = 8 * Real(std::numeric_limits<T>::epsilon()) * each.condition(at[i]);
      INFO(each.name << "(" << at[i] << ") in " << name(dtype_of<T>) << " by " << engine() << ", " << tier()
                     << ": value " << y.template data<T>()[i] << ", exact " << static_cast<double>(exact)
                     << ", derivative " << slope.template data<T>()[i] << ", exact "
                     << static_cast<double>(each.slope(at[i])));
      CHECK(agrees(y.template data<T>()[i], exact, tolerance, true));
      if (std::isnan(exact) && !std::isnan(at[i])) continue;  // outside the domain there is no derivative to speak of
      if (each.slope == nothing && std::isnan(at[i])) continue;
      CHECK(agrees(slope.template data<T>()[i], each.slope(at[i]), tolerance, each.relative_slope));
    }
  }
}

TEMPLATE_TEST_CASE("functions of one Tensor and their derivatives agree with long double everywhere", "[sweep]", float,
                   double) {
  {
    const fused::testing::InEngine reference("reference");
    sweep<TestType>();
  }
  for (const char* tier : {"interpreted", "compile-at-once"}) {
    const fused::testing::InTier in(tier);
    sweep<TestType>();
  }
}

}  // namespace
}  // namespace xgrad::sweep_test
