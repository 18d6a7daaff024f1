// Functions of each element.

#include <limits>
#include <numbers>

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor masks = tensor({true, false}), whole = tensor({1, 2}), pair = known({2}), three = known({3});
const char* const gives_bool = "bool";
const char* const all_numbers = "takes every dtype and shape";

Real log_of_sum(Real a, Real b) { return std::log(std::exp(a) + std::exp(b)); }
Real log2_of_sum(Real a, Real b) { return std::log2(std::exp2(a) + std::exp2(b)); }

// Derivatives of the logarithm of the gamma function: for large x by the asymptotic series, for others by recurrence.
Real digamma_of(Real x) {
  Real below = 0;
  while (x < 30) below += 1 / x++;
  const Real y = 1 / (x * x);
  const Real series = y / 12 - y * y / 120 + y * y * y / 252 - y * y * y * y / 240 + 5 * y * y * y * y * y / 660;
  return std::log(x) - 1 / (2 * x) - series - below;
}

// By the series of the other part.
Real upper_gamma_of(Real a, Real x) {
  Real sum = 1, term = 1;
  for (int k = 1; k < 100; ++k) sum += term *= x / (a + k);
  return 1 - std::exp(a * std::log(x) - x - std::lgamma(a + 1)) * sum;
}

std::vector<Composition> powers_and_logarithms() {
  return {
      {.call = "square(x)",
       .equation = "x²",
       .cases = elementwise(square, {}, [](Real x) { return x * x; }),
       .refuses_nothing = all_numbers},
      {.call = "reciprocal(x)",
       .equation = "1 / x",
       .cases = elementwise(reciprocal, {0.3, 3}, [](Real x) { return 1 / x; }),
       .refusals = {refuses<DTypeError>([] { return reciprocal(whole); })}},
      {.call = "rsqrt(x)",
       .equation = "1 / √x",
       .cases = elementwise(rsqrt, {0.3, 3}, [](Real x) { return 1 / std::sqrt(x); }),
       .refusals = {refuses<DTypeError>([] { return rsqrt(whole); })}},
      {.call = "log10(x)",
       .equation = "log x / log 10",
       .cases = elementwise(log10, {0.3, 30}, [](Real x) { return std::log10(x); }),
       .refusals = {refuses<DTypeError>([] { return log10(whole); })}},
      {.call = "exp2(x)",
       .equation = "2ˣ",
       .cases = elementwise(exp2, {-4, 4}, [](Real x) { return std::exp2(x); }),
       .refusals = {refuses<DTypeError>([] { return exp2(masks); })},
       .of_whole = "negative powers are no int64 numbers"},
      {.call = "hypot(a, b)",
       .equation = "√(a² + b²)",
       .cases = elementwise(hypot, {0.5, 2}, {-3, -0.5}, [](Real a, Real b) { return std::sqrt(a * a + b * b); }),
       .refusals = {refuses<ShapeError>([] { return hypot(pair, three); }),
                    refuses<DTypeError>([] { return hypot(pair, ones({2}, float64)); })}},
      {.call = "xlogy(x, y)",
       .equation = "x log y, 0 where x = 0",
       .cases = elementwise(xlogy, {}, {0.3, 3}, [](Real x, Real y) { return x * std::log(y); }),
       .refusals = {refuses<ShapeError>([] { return xlogy(pair, three); })}},
      {.call = "logaddexp(a, b)",
       .equation = "log(eᵃ + eᵇ)",
       .cases = elementwise(logaddexp, {-30, 30}, {-30, 30}, log_of_sum),
       .refusals = {refuses<ShapeError>([] { return logaddexp(pair, three); }),
                    refuses<DTypeError>([] { return logaddexp(whole, whole); })}},
      {.call = "logaddexp2(a, b)",
       .equation = "log₂(2ᵃ + 2ᵇ)",
       .cases = elementwise(logaddexp2, {-30, 30}, {-30, 30}, log2_of_sum),
       .refusals = {refuses<ShapeError>([] { return logaddexp2(pair, three); }),
                    refuses<DTypeError>([] { return logaddexp2(whole, whole); })}},
  };
}

std::vector<Composition> parts_of_numbers() {
  const auto in_bounds = [](const Xs& x) { return clamp(x[0], x[1], x[2]); };
  const auto bounded = [](const List& x) { return std::min(std::max(x[0], x[1]), x[2]); };
  return {
      {.call = "clamp(x, low, high)",
       .equation = "min(max(x, low), high)",
       .cases = elementwise(in_bounds, {{-3, 3}, {-1.5, -1}, {1, 1.5}}, bounded),
       .refusals = {refuses<ValueError>([] { return clamp(pair, 2, 1); }),
                    refuses<ShapeError>([] { return clamp(pair, three, 4); })}},
      {.call = "isnan(x)",
       .equation = "x ≠ x",
       .cases = elementwise([](const Xs& x) { return isnan(sqrt(x[0])); }, {{}},
                            [](const List& x) -> Real { return x[0] < 0; }),
       .constant = gives_bool,
       .refuses_nothing = "what has no NaN gives false"},
      {.call = "isfinite(x)",
       .equation = "|x| < ∞",
       .cases = elementwise([](const Xs& x) { return isfinite(log(x[0])); }, {{}},
                            [](const List& x) -> Real { return x[0] > 0; }),
       .refusals = {refuses<DTypeError>([] { return isfinite(masks); })},
       .constant = gives_bool},
      {.call = "isinf(x)",
       .equation = "|x| = ∞",
       .cases = elementwise([](const Xs& x) { return isinf(log(maximum(x[0], 0))); }, {{}},
                            [](const List& x) -> Real { return x[0] <= 0; }),
       .refusals = {refuses<DTypeError>([] { return isinf(masks); })},
       .constant = gives_bool},
      {.call = "isclose(a, b, within)",
       .equation = "|a − b| ≤ absolute + relative |b|",
       .cases =
           elementwise([](const Xs& x) { return isclose(x[0], x[1], {.relative = 0.25, .absolute = 0.25}); }, {{}, {}},
                       [](const List& x) -> Real { return std::abs(x[0] - x[1]) <= (1 + std::abs(x[1])) / 4; }),
       .refusals = {refuses<ValueError>([] { return isclose(pair, pair, {.absolute = -1}); }),
                    refuses<ShapeError>([] { return isclose(pair, three); })},
       .constant = gives_bool},
      {.call = "floor_divide(a, b)",
       .equation = "⌊a / b⌋",
       .cases = elementwise(floor_divide, {-7, 7}, {2, 3}, [](Real a, Real b) { return std::floor(a / b); }),
       .refusals = {refuses<DTypeError>([] { return floor_divide(masks, masks); }),
                    refuses<ShapeError>([] { return floor_divide(pair, three); }),
                    refuses<ValueError>([] { return evaluate(floor_divide(whole, 0)); })}},
      {.call = "remainder(a, b)",
       .equation = "a − b ⌊a / b⌋, exactly",
       .cases = elementwise(remainder, {-7, 7}, {2, 3}, [](Real a, Real b) { return a - b * std::floor(a / b); }),
       .refusals = {refuses<DTypeError>([] { return remainder(masks, masks); }),
                    refuses<ShapeError>([] { return remainder(pair, three); }),
                    refuses<ValueError>([] { return evaluate(remainder(whole, 0)); })}},
      {.call = "bitwise_not(x), ~x",
       .equation = "−x − 1 of int64; not x of a mask",
       .cases = joined(elementwise(bitwise_not, {-9, 9, int64}, [](Real x) { return -x - 1; }),
                       elementwise(bitwise_not, {0, 2, boolean}, [](Real x) { return 1 - x; })),
       .refusals = {refuses<DTypeError>([] { return bitwise_not(pair); })},
       .constant = "of whole numbers"},
      {.call = "copysign(a, b)",
       .equation = "|a| with the sign of b",
       .cases = joined(elementwise(copysign, {}, {0.5, 2}, [](Real a, Real b) { return std::copysign(a, b); }),
                       elementwise(copysign, {}, {-2, -0.5}, [](Real a, Real b) { return std::copysign(a, b); })),
       .refusals = {refuses<ShapeError>([] { return copysign(pair, three); })}},
      {.call = "nan_to_num(x, nan, above, below)",
       .equation = "x with other numbers in place of NaN, ∞ and −∞",
       .cases = elementwise([](const Xs& x) { return nan_to_num(log(x[0]), 0.5, 3, -3); }, {{}},
                            [](const List& x) { return x[0] < 0    ? 0.5L
                                                       : x[0] == 0 ? -3
                                                                   : std::log(x[0]); }),
       .refuses_nothing = "what has no NaN stays as it is"},
      {.call = "lerp(a, b, weight)",
       .equation = "a + weight (b − a)",
       .cases = elementwise(lerp, {}, {}, {0, 1}, [](Real a, Real b, Real w) { return a + w * (b - a); }),
       .refusals = {refuses<ShapeError>([] { return lerp(pair, three, 0.5); })}},
      {.call = "stop_gradient(x)",
       .equation = "x, through which no derivative flows",
       .cases = elementwise(stop_gradient, {}, [](Real x) { return x; }),
       .constant = "this is what it is for",
       .refuses_nothing = "takes every dtype"},
  };
}

std::vector<Composition> special_functions() {
  return {
      {.call = "asinh(x)",
       .equation = "log(x + √(x² + 1))",
       .cases = elementwise(asinh, {-3, 3}, [](Real x) { return std::asinh(x); }),
       .refusals = {refuses<DTypeError>([] { return asinh(masks); })}},
      {.call = "acosh(x)",
       .equation = "log(x + √(x² − 1))",
       .cases = elementwise(acosh, {1.2, 4}, [](Real x) { return std::acosh(x); }),
       .refusals = {refuses<DTypeError>([] { return acosh(masks); })}},
      {.call = "atanh(x)",
       .equation = "log((1 + x) / (1 − x)) / 2",
       .cases = elementwise(atanh, {-0.9, 0.9}, [](Real x) { return std::atanh(x); }),
       .refusals = {refuses<DTypeError>([] { return atanh(whole); })}},
      {.call = "sinc(x)",
       .equation = "sin(π x) / (π x), 1 at 0",
       .cases = elementwise(sinc, {-2, 2},
                            [](Real x) {
                              const Real t = std::numbers::pi_v<Real> * x;
                              return t == 0 ? 1 : std::sin(t) / t;
                            }),
       .refusals = {refuses<DTypeError>([] { return sinc(whole); })}},
      {.call = "digamma(x)",
       .equation = "Γ′(x) / Γ(x)",
       .cases = elementwise(digamma, {0.5, 6}, digamma_of),
       .refusals = {refuses<DTypeError>([] { return digamma(whole); })}},
      {.call = "gammaincc(a, x)",
       .equation = "∫ₓ^∞ t^(a − 1) exp(−t) dt / Γ(a)",
       .cases = elementwise(gammaincc, {0.5, 4}, {0.3, 6}, upper_gamma_of),
       .refusals = {refuses<DTypeError>([] { return gammaincc(whole, whole); }),
                    refuses<ShapeError>([] { return gammaincc(pair, three); })}},
  };
}

}  // namespace

std::vector<Composition> elementwise_compositions() {
  std::vector<Composition> all = powers_and_logarithms();
  for (auto* part : {parts_of_numbers, special_functions})
    for (Composition& row : part()) all.push_back(std::move(row));
  return all;
}

}  // namespace xgrad::catalogue
