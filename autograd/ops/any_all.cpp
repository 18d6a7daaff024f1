#include "autograd/ops/any_all.hpp"

#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"

namespace xgrad {

namespace {

Tensor as_mask(const Operand& x) {
  const Tensor input = x.tensor();
  return input.dtype() == boolean ? input : input != 0;
}

// The number of true elements, fused with what made the mask. It may be rounded, but never to 0.
Tensor count(const Tensor& mask, const Axes& axes, KeepDims keep) { return sum(cast(mask, float32), axes, keep); }

}  // namespace

Tensor any(const Operand& x, const Axes& axes, KeepDims keep) {
  const CallScope scope("any", x.where());
  return count(as_mask(x), axes, keep) > 0;
}

Tensor all(const Operand& x, const Axes& axes, KeepDims keep) {
  const CallScope scope("all", x.where());
  return count(logical_not(as_mask(x)), axes, keep) == 0;
}

}  // namespace xgrad
