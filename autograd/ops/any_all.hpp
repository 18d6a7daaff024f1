#pragma once

// Whether a condition holds somewhere, or everywhere.

#include "autograd/core/axes.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// bool: whether any element over the axes is true, or not 0 (NaN is not 0); false for no elements.
Tensor any(const Operand& x, const Axes& axes = all_axes, KeepDims keep = KeepDims::no);
/// bool: whether all elements over the axes are true, or not 0; true for no elements.
Tensor all(const Operand& x, const Axes& axes = all_axes, KeepDims keep = KeepDims::no);

// Over all axes, which stay with size 1.
template <OnlyKeepDims Keep>
Tensor any(const Operand& x, Keep keep) {
  return any(x, all_axes, keep);
}
template <OnlyKeepDims Keep>
Tensor all(const Operand& x, Keep keep) {
  return all(x, all_axes, keep);
}

}  // namespace xgrad
