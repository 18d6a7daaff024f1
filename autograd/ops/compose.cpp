#include "autograd/ops/compose.hpp"

#include <cmath>
#include <numbers>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
}

Tensor stop_gradient(const Operand& x) {
  const NoGrad untracked;
  return record(x.where(), Identity{}, x.tensor());
}

Tensor square(const Operand& x) { return mul(x, x); }

Tensor reciprocal(const Operand& x) {
  const CallScope scope("reciprocal", x.where());
  return 1 / x;
}

Tensor rsqrt(const Operand& x) {
  const CallScope scope("rsqrt", x.where());
  return 1 / sqrt(x);
}

// (e^x - e^-x) / 2, with m = e^|x| - 1 so that nothing cancels: (m + m / (m + 1)) / 2. Where m overflows, the halves of
// x are exponentiated.
Tensor sinh(const Operand& x) {
  const CallScope scope("sinh", x.where());
  const Tensor input = x.tensor(), positive = input >= 0;
  const Tensor size = where(positive, input, -input), m = expm1(size);
  const Tensor half = exp(0.5 * size);
  const Tensor value = where(size < 30, 0.5 * (m + m / (m + 1)), 0.5 * half * half);
  return where(positive, value, -value);
}

Tensor cosh(const Operand& x) {
  const CallScope scope("cosh", x.where());
  const Tensor input = x.tensor();
  const Tensor half = exp(0.5 * where(input >= 0, input, -input));
  return 0.5 * half * half + 0.5 / half / half;
}

Tensor log2(const Operand& x) {
  const CallScope scope("log2", x.where());
  return log(x) * std::numbers::log2e;
}

Tensor log10(const Operand& x) {
  const CallScope scope("log10", x.where());
  return log(x) * std::numbers::log10e;
}

Tensor exp2(const Operand& x) {
  const CallScope scope("exp2", x.where());
  return pow(full_like(x, 2), x);
}

Tensor erfc(const Operand& x) {
  const CallScope scope("erfc", x.where());
  return 1 - erf(x);
}

Tensor hypot(const Operand& a, const Operand& b) {
  const CallScope scope("hypot", a.where());
  const Tensor scale = stop_gradient(maximum(abs(a), abs(b)));
  const Tensor unit = where(logical_or(scale == 0, scale == infinity), 1, scale);
  const Tensor squares = square(a / unit) + square(b / unit);
  return unit * where(squares == 0, 0, sqrt(squares));
}

Tensor xlogy(const Operand& x, const Operand& y) {
  const CallScope scope("xlogy", x.where());
  const Tensor factor = x.tensor(), argument = y.tensor_like(factor);
  // At x = 0 the product with an infinite logarithm would be NaN; a root has the same value 0 and the same infinite
  // derivative by x, and does not depend on y.
  const Tensor ordinary = logical_and(argument > 0, argument < infinity);
  const Tensor zero = logical_and(factor == 0, logical_not(logical_or(ordinary, isnan(argument))));
  const Tensor root = sqrt(factor);
  return where(zero, where(argument > 0, root, 0 - root), factor * log(argument));
}

Tensor logaddexp(const Operand& a, const Operand& b) {
  const CallScope scope("logaddexp", a.where());
  const Shape shape = broadcast_shapes(a.tensor().shape(), b.tensor_like(a.tensor()).shape(), "logaddexp", a.where());
  const Tensor lhs = a.tensor_like(b.tensor()), rhs = b.tensor_like(lhs);
  return logsumexp(stack({broadcast_to(lhs, shape), broadcast_to(rhs, shape)}), 0);
}

Tensor clamp(const Operand& x, double low, double high) {
  const CallScope scope("clamp", x.where());
  check<ValueError>(low <= high, x.where(), "clamp: the bounds are ", low, " and ", high);
  const Tensor input = x.tensor();
  Tensor result = input;
  if (low > -infinity) result = where(input < low, low, result);
  if (high < infinity) result = where(input > high, high, result);
  return result;
}

Tensor clamp(const Operand& x, const Tensor& low, const Tensor& high) {
  const CallScope scope("clamp", x.where());
  const Tensor input = x.tensor();
  return where(input < low, low, where(input > high, high, input));
}

Tensor isnan(const Operand& x) {
  const CallScope scope("isnan", x.where());
  return x != x;
}

Tensor isfinite(const Operand& x) {
  const CallScope scope("isfinite", x.where());
  return abs(x) < infinity;
}

Tensor cumprod(const Operand& x, std::int64_t axis) {
  const CallScope scope("cumprod", x.where());
  Tensor result = x.tensor();
  axis = normalise_axis(axis, result.ndim(), "cumprod", x.where());
  const std::int64_t size = result.size(axis);
  for (std::int64_t shift = 1; shift < size; shift *= 2)  // each element takes in the product of `shift` more
    result = result * pad(result, axis, shift, -shift, 1);
  return result;
}

Tensor dot(const Operand& a, const Operand& b) {
  const CallScope scope("dot", a.where());
  const Tensor lhs = a.tensor(), rhs = b.tensor();
  check<ShapeError>(lhs.ndim() == 1 && lhs.shape() == rhs.shape(), a.where(),
                    "dot: needs two vectors of one size: ", describe(lhs), " and ", describe(rhs));
  return matmul(lhs, rhs);
}

Tensor outer(const Operand& a, const Operand& b) {
  const CallScope scope("outer", a.where());
  const Tensor lhs = a.tensor(), rhs = b.tensor();
  check<ShapeError>(lhs.ndim() == 1 && rhs.ndim() == 1, a.where(), "outer: needs two vectors: ", describe(lhs), " and ",
                    describe(rhs));
  return unsqueeze(lhs, 1) * unsqueeze(rhs, 0);
}

namespace {

// Keeps the elements whose column index minus row index passes the test.
template <class Test>
Tensor keep_triangle(const char* name, const Operand& x, Test&& test) {
  const CallScope scope(name, x.where());
  const Tensor input = x.tensor();
  check<ShapeError>(input.ndim() >= 2, x.where(), name, ": needs at least two axes, got ", describe(input));
  const Tensor offset = unsqueeze(arange(input.size(-1)), 0) - unsqueeze(arange(input.size(-2)), 1);
  return where(broadcast_to(test(offset), input.shape()), input, 0);
}

}  // namespace

Tensor tril(const Operand& x, std::int64_t diagonal) {
  return keep_triangle("tril", x, [&](const Tensor& offset) { return offset <= diagonal; });
}

Tensor triu(const Operand& x, std::int64_t diagonal) {
  return keep_triangle("triu", x, [&](const Tensor& offset) { return offset >= diagonal; });
}

}  // namespace xgrad
