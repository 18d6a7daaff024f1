// Elementwise functions, composed of branches that are accurate where they are taken.

#include <cmath>
#include <limits>
#include <numbers>

#include "autograd/core/fail.hpp"
#include "autograd/core/infinity.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/families.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

// From here on x^2 + 1 is rounded to x^2.
double large(DType dtype) { return dtype == float32 ? 1e4 : 1e9; }

// An odd function from its values for x >= 0. -0 stays -0, and the derivatives at 0 are those from the right.
template <class F>
Tensor odd(const Tensor& x, F f) {
  const Tensor negative = x < 0, y = f(where(negative, -x, x));
  return where(negative, -y, y);
}

}  // namespace

// For x >= 0, log1p(x + x^2 / (1 + sqrt(1 + x^2))) has no cancellation.
Tensor asinh(const Operand& operand) {
  const CallScope scope("asinh", operand.where());
  return odd(operand.tensor(), [](const Tensor& x) {
    const Tensor far = x > large(x.dtype()), near = where(far, 1, x);
    const Tensor small = log1p(near * (1 + near / (1 + sqrt(1 + near * near))));
    return where(far, log(where(far, x, 1)) + std::numbers::ln2, small);
  });
}

// With t = x - 1, which is exact near 1: log1p(t + sqrt(t) sqrt(t + 2)).
Tensor acosh(const Operand& operand) {
  const CallScope scope("acosh", operand.where());
  const Tensor x = operand.tensor(), far = x > large(x.dtype()), t = where(far, 1, x) - 1;
  return where(far, log(where(far, x, 1)) + std::numbers::ln2, log1p(t + sqrt(t) * sqrt(t + 2)));
}

Tensor atanh(const Operand& x) {
  const CallScope scope("atanh", x.where());
  return 0.5 * (log1p(x) - log1p(-x));
}

// sin(t) / t; for |t| < 1 its series in t^2, with which the derivatives at 0 are there, and nothing cancels. Elsewhere
// the sine is that of pi times the distance to the nearest whole number, which is exact.
Tensor sinc(const Operand& operand) {
  const CallScope scope("sinc", operand.where());
  const Tensor x = operand.tensor(), t = x * std::numbers::pi, near = abs(t) < 1, small = where(near, t, 0),
               square = small * small;
  constexpr int terms = 10;  // the next one is below 1e-19
  Tensor series = ones_like(square);
  for (int n = terms; n > 0; --n) series = 1 - square * series / (2.0 * n * (2 * n + 1));
  const Tensor whole = round(x), half = 0.5 * whole, sine = sin(std::numbers::pi * (x - whole));
  return where(near, series, where(half == floor(half), sine, -sine) / where(near, 1, t));
}

// The sign of 0 is that of its reciprocal.
Tensor copysign(const Operand& a, const Operand& b) {
  const CallScope scope("copysign", a.where());
  const auto [magnitude, sign] = tensors_of(a, b);
  check_dtypes("copysign", magnitude, sign, a.where());
  const Tensor size = abs(magnitude);
  return where(logical_or(sign < 0, 1 / sign == -infinity), -size, size);
}

Tensor nan_to_num(const Operand& operand, double nan, std::optional<double> above, std::optional<double> below) {
  const CallScope scope("nan_to_num", operand.where());
  const Tensor x = operand.tensor();
  if (!is_floating(x.dtype())) return x;
  const double most = x.dtype() == float32 ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
  const Tensor numbers = where(isnan(x), nan, x);
  return where(x == -infinity, below.value_or(-most), where(x == infinity, above.value_or(most), numbers));
}

// From the nearer end, so that both ends are met. Between numbers of different signs, whose difference may overflow and
// loses nothing otherwise, each by its weight.
Tensor lerp(const Operand& a, const Operand& b, const Operand& weight) {
  const CallScope scope("lerp", a.where());
  const auto [from, to] = tensors_of(a, b);
  const Tensor w = weight.tensor_like(from), difference = to - from;
  const Tensor beside = where(abs(w) < 0.5, from + w * difference, to - (1 - w) * difference);
  const Tensor finite = where(logical_xor(from < 0, to < 0), (1 - w) * from + w * to, beside);
  const Tensor infinite = where(w == 1, 0, (1 - w) * from) + where(w == 0, 0, w * to);
  return where(logical_or(isinf(from), isinf(to)), infinite, finite);
}

Tensor isinf(const Operand& x) {
  const CallScope scope("isinf", x.where());
  return abs(x) == infinity;
}

Tensor isclose(const Operand& a, const Operand& b, const Closeness& within) {
  const CallScope scope("isclose", a.where());
  check<ValueError>(within.relative >= 0 && within.absolute >= 0, a.where(), "isclose: the tolerances are ",
                    within.relative, " and ", within.absolute);
  const auto [x, y] = tensors_of(a, b);
  if (!is_floating(x.dtype())) return isclose(cast(x, float64), cast(y, float64), within);
  const Tensor near = logical_and(abs(x - y) <= within.absolute + within.relative * abs(y), isfinite(y));
  const Tensor close = logical_or(x == y, near);
  return within.equal_nan ? logical_or(close, logical_and(isnan(x), isnan(y))) : close;
}

}  // namespace xgrad
