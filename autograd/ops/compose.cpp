#include "autograd/ops/compose.hpp"

#include <cmath>
#include <numbers>

#include "autograd/core/fail.hpp"
#include "autograd/core/infinity.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

namespace {}

// Shares the value, if necessary once it is computed, and keeps no history.
Tensor stop_gradient(const Operand& x) {
  const CallScope scope("stop_gradient", x.where());
  const Tensor source = x.tensor();
  if (source.evaluated()) return make_leaf(source.shape(), source.dtype(), source.entry()->value, x.where());
  const NoGrad untracked;
  Tensor stopped = record(x.where(), Identity{}, source);
  source.entry()->stopped = true;
  return stopped;
}

Tensor square(const Operand& x) {
  const CallScope scope("square", x.where());
  return mul(x, x);
}

Tensor reciprocal(const Operand& x) {
  const CallScope scope("reciprocal", x.where());
  const Tensor divisor = x.tensor();
  check<DTypeError>(is_floating(divisor.dtype()), x.where(), "reciprocal: needs a floating dtype, got ",
                    describe(divisor));
  return 1 / divisor;
}

Tensor rsqrt(const Operand& x) {
  const CallScope scope("rsqrt", x.where());
  return 1 / sqrt(x);
}

Tensor log10(const Operand& x) {
  const CallScope scope("log10", x.where());
  return log(x) * std::numbers::log10e;
}

Tensor exp2(const Operand& x) {
  const CallScope scope("exp2", x.where());
  return pow(full_like(x, 2), x);
}

Tensor hypot(const Operand& a, const Operand& b) {
  const CallScope scope("hypot", a.where());
  const auto [lhs, rhs] = tensors_of(a, b);
  const Tensor scale = stop_gradient(maximum(abs(lhs), abs(rhs)));
  const Tensor unit = where(logical_or(scale == 0, scale == infinity), 1, scale);
  const Tensor squares = square(lhs / unit) + square(rhs / unit);
  return unit * where(squares == 0, 0, sqrt(squares));
}

Tensor xlogy(const Operand& x, const Operand& y) {
  const CallScope scope("xlogy", x.where());
  const auto [factor, argument] = tensors_of(x, y);
  // At x = 0 the product with an infinite logarithm would be NaN; a root has the same value 0 and the same infinite
  // derivative by x, and does not depend on y.
  const Tensor ordinary = logical_and(argument > 0, argument < infinity);
  const Tensor zero = logical_and(factor == 0, logical_not(logical_or(ordinary, isnan(argument))));
  const Tensor root = sqrt(factor);
  return where(zero, where(argument > 0, root, 0 - root), factor * log(argument));
}

namespace {

// max + f(min - max) with f(d) = log(1 + e^d): the logarithm of a sum would lose what is small beside 1.
template <class F>
Tensor add_logarithms(const Operand& a, const Operand& b, F f) {
  const auto [lhs, rhs] = tensors_of(a, b);
  check<DTypeError>(is_floating(lhs.dtype()), a.where(), "needs a floating dtype, got ", describe(lhs));
  const Tensor swapped = lhs < rhs, larger = where(swapped, rhs, lhs), smaller = where(swapped, lhs, rhs);
  const Tensor finite = larger + f(smaller - larger);
  // Infinite operands share the derivative for +inf; -inf is zero in log space and has derivative 0.
  const Tensor top = stop_gradient(maximum(lhs, rhs));
  const Tensor infinite = where(lhs == rhs, 0.5 * lhs + 0.5 * rhs, larger);
  return where(top == infinity, infinite, where(top == -infinity, top, finite));
}

}  // namespace

Tensor logaddexp(const Operand& a, const Operand& b) {
  const CallScope scope("logaddexp", a.where());
  return add_logarithms(a, b, [](const Tensor& difference) { return log1p(exp(difference)); });
}

Tensor logaddexp2(const Operand& a, const Operand& b) {
  const CallScope scope("logaddexp2", a.where());
  return add_logarithms(a, b, [](const Tensor& d) { return log1p(exp2(d)) * std::numbers::log2e; });
}

namespace {

// x, or the bound where x is beyond it or the bound is NaN.
Tensor bounded(const Tensor& x, const Operand& bound, Tensor (*beyond)(const Operand&, const Operand&)) {
  const Tensor limit = bound.tensor_like(x);
  Tensor replaced = beyond(x, limit);
  if (!bound.is_number() || std::isnan(bound.number())) replaced = logical_or(replaced, limit != limit);
  return where(replaced, limit, x);
}

}  // namespace

Tensor clamp(const Operand& x, const Operand& low, const Operand& high) {
  const CallScope scope("clamp", x.where());
  check<ValueError>(!(low.is_number() && high.is_number() && low.number() > high.number()), x.where(),
                    "clamp: the bounds are ", low.number(), " and ", high.number());
  const Operand& beside = low.is_number() ? high : low;
  Tensor result = x.is_number() && !beside.is_number() ? tensors_of(x, beside).first : x.tensor();
  if (!low.is_number() || low.number() != -infinity) result = bounded(result, low, less);
  if (!high.is_number() || high.number() != infinity) result = bounded(result, high, greater);
  return result;
}

Tensor isnan(const Operand& x) {
  const CallScope scope("isnan", x.where());
  return x != x;
}

Tensor isfinite(const Operand& x) {
  const CallScope scope("isfinite", x.where());
  return abs(x) < infinity;
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

}  // namespace xgrad
