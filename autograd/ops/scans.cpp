#include "autograd/ops/scans.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

using Join = Tensor (*)(const Operand&, const Operand&);

// Each element takes in the results of 1, 2, 4, ... elements before it; where there are none, it stays.
Tensor scanned(const Tensor& x, std::int64_t axis, Join join) {
  const std::int64_t size = x.size(axis);
  Tensor result = x;
  for (std::int64_t shift = 1; shift < size; shift *= 2) {
    const Tensor later = slice(result, axis, shift, {}), before = slice(result, axis, 0, size - shift);
    result = concat({slice(result, axis, 0, shift), join(before, later)}, axis);
  }
  return result;
}

Tensor scan(const Operand& operand, std::int64_t axis, const char* call, Join join) {
  const CallScope scope(call, operand.where());
  const Tensor x = operand.tensor();
  check<DTypeError>(x.dtype() != boolean, operand.where(), call, ": needs numbers, got ", describe(x));
  return scanned(x, normalise_axis(axis, x.ndim(), call, operand.where()), join);
}

}  // namespace

Tensor cummax(const Operand& x, std::int64_t axis) { return scan(x, axis, "cummax", maximum); }
Tensor cummin(const Operand& x, std::int64_t axis) { return scan(x, axis, "cummin", minimum); }
Tensor logcumsumexp(const Operand& x, std::int64_t axis) { return scan(x, axis, "logcumsumexp", logaddexp); }

}  // namespace xgrad
