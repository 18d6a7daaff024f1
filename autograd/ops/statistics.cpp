// Compositions over axes: mean, var, std, norm, logsumexp, softmax, log_softmax.

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/core/infinity.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/count.hpp"
#include "autograd/ops/families.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"

namespace xgrad {

namespace {

Tensor floating(const char* operation, const Operand& x) {
  const Tensor input = x.tensor();
  check<DTypeError>(is_floating(input.dtype()), x.where(), operation, ": needs a floating dtype, got ",
                    describe(input));
  return input;
}

std::int64_t count_of(const char* operation, const Tensor& x, const Axes& axes, const Location& where) {
  const AxisSet set = normalise_axes(axes, x.ndim(), operation, where);
  std::int64_t count = 1;
  for (std::int64_t axis = 0; axis < x.ndim(); ++axis)
    if (set.contains(axis)) count *= x.shape()[axis];
  return count;
}

Tensor drop(const Tensor& kept, const Axes& axes, KeepDims keep) {
  return keep == KeepDims::yes ? kept : squeeze(kept, axes);
}

}  // namespace

Tensor mean(const Operand& x, const Axes& axes, KeepDims keep) {
  const CallScope scope("mean", x.where());
  if (is_mask(x)) return cast(mean(cast(x, float64), axes, keep), float32);
  const Tensor input = floating("mean", x);
  const std::int64_t count = count_of("mean", input, axes, x.where());
  check<ValueError>(count > 0, x.where(), "mean: ", describe(input), " has no elements over these axes");
  if (is_exact(count, input.dtype())) return sum(input, axes, keep) / count;
  // With so many elements the sum is rounded as coarsely as the count, so the differences to that mean are summed
  // again.
  const Tensor first = stop_gradient(divide_by_count(sum(input, axes, keep_dims), count));
  const Tensor centre = where(isfinite(first), first, 0);
  return drop(centre + divide_by_count(sum(input - centre, axes, keep_dims), count), axes, keep);
}

Tensor var(const Operand& x, const Axes& axes, std::int64_t correction, KeepDims keep) {
  const CallScope scope("var", x.where());
  const Tensor input = floating("var", x);
  const std::int64_t count = count_of("var", input, axes, x.where());
  std::int64_t divisor = 0;
  check<ValueError>(!__builtin_sub_overflow(count, correction, &divisor) && divisor > 0, x.where(), "var: ", count,
                    " elements with correction ", correction, " have no variance");
  const Tensor deviation = input - mean(input, axes, keep_dims);
  return divide_by_count(sum(square(deviation), axes, keep), divisor);
}

Tensor stddev(const Operand& x, const Axes& axes, std::int64_t correction, KeepDims keep) {
  const CallScope scope("stddev", x.where());
  const Tensor variance = var(x, axes, correction, keep);
  return where(variance == 0, 0, sqrt(variance));
}

Tensor std(const Operand& x, const Axes& axes, std::int64_t correction, KeepDims keep) {
  const CallScope scope("std", x.where());
  return stddev(x, axes, correction, keep);
}

Tensor norm(const Operand& x, const Axes& axes, KeepDims keep) { return norm(x, axes, {.p = 2}, keep); }

Tensor norm(const Operand& x, const Axes& axes, NormOrder order, KeepDims keep) {
  const CallScope scope("norm", x.where());
  const Tensor input = floating("norm", x);
  const double p = order.p;
  check<ValueError>(!std::isnan(p), x.where(), "norm: p is NaN");
  const Tensor size = abs(input);
  if (p == infinity) return max(size, axes, keep);
  if (p == -infinity) return min(size, axes, keep);
  if (p == 0) return sum(cast(size != 0, input.dtype()), axes, keep);
  if (p == 1 || count_of("norm", input, axes, x.where()) == 0) return sum(size, axes, keep);
  // Scaled by the largest (for p < 0 the smallest) element, so that no power overflows.
  const Tensor extreme = stop_gradient(p > 0 ? max(size, axes, keep_dims) : min(size, axes, keep_dims));
  const Tensor scale = where(logical_or(extreme == 0, extreme == infinity), 1, extreme);
  const Tensor total = sum(p == 2 ? square(input / scale) : pow(size / scale, p), axes, keep_dims);
  const Tensor root = p == 2 ? sqrt(total) : pow(total, 1 / p);
  return drop(scale * (p > 0 ? where(total == 0, 0, root) : root), axes, keep);
}

Tensor logsumexp(const Operand& x, const Axes& axes, KeepDims keep) {
  const CallScope scope("logsumexp", x.where());
  const Tensor input = floating("logsumexp", x);
  if (count_of("logsumexp", input, axes, x.where()) == 0) return sum(input, axes, keep) - infinity;
  const Tensor largest = stop_gradient(max(input, axes, keep_dims));
  const Tensor shift = where(abs(largest) == infinity, 0, largest);
  // Infinite elements share the derivative for +inf; -inf is zero in log space and has derivative 0.
  const Tensor infinite = broadcast_to(largest == infinity, input.shape());
  const Tensor finite = log(sum(exp(where(infinite, 0, input - shift)), axes, keep_dims)) + shift;
  const Tensor share = max(where(infinite, input, 0), axes, keep_dims);
  return drop(where(largest == infinity, share, where(largest == -infinity, largest, finite)), axes, keep);
}

Tensor detail::Softmax::operator()(const Operand& x, std::int64_t axis) const {
  const CallScope scope("softmax", x.where());
  const Tensor input = floating("softmax", x);
  normalise_axis(axis, input.ndim(), "softmax", x.where());
  if (input.numel() == 0) return input;
  const Tensor e = exp(input - stop_gradient(max(input, axis, keep_dims)));
  return e * reciprocal(sum(e, axis, keep_dims));  // the sum is between 1 and the number of its terms
}

Tensor detail::LogSoftmax::operator()(const Operand& x, std::int64_t axis) const {
  const CallScope scope("log_softmax", x.where());
  const Tensor input = floating("log_softmax", x);
  normalise_axis(axis, input.ndim(), "log_softmax", x.where());
  if (input.numel() == 0) return input;
  const Tensor shifted = input - stop_gradient(max(input, axis, keep_dims));
  return shifted - log(sum(exp(shifted), axis, keep_dims));
}

}  // namespace xgrad
