#pragma once

// Reductions over axes. `axes` is a number, a list, or `all_axes`; with an empty list the result is x. With
// `keep_dims` the reduced axes stay, with size 1: sum(x, -1, keep_dims), and over all axes sum(x, keep_dims).

#include "autograd/core/axes.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

// Of masks (bool), sum, prod and cumsum count in int64, max and min are bool, and argmax finds the first true element.

/// Accurate; 0 for no elements.
Tensor sum(const Operand& x, const Axes& axes = all_axes, KeepDims keep = KeepDims::no);
/// 1 for no elements; its derivative is exact with zeros.
Tensor prod(const Operand& x, const Axes& axes = all_axes, KeepDims keep = KeepDims::no);
/// NaN if an element is; equal largest elements share the cotangent evenly. ValueError for no elements.
Tensor max(const Operand& x, const Axes& axes = all_axes, KeepDims keep = KeepDims::no);
Tensor min(const Operand& x, const Axes& axes = all_axes, KeepDims keep = KeepDims::no);
/// The first index of the largest element (of the first NaN, if there is one) along an axis, as int64.
Tensor argmax(const Operand& x, std::int64_t axis = -1, KeepDims keep = KeepDims::no);
Tensor argmin(const Operand& x, std::int64_t axis = -1, KeepDims keep = KeepDims::no);
/// Refuses a bool in place of the axis.
template <std::same_as<bool> Bool>
Tensor argmax(const Operand& x, Bool keep) = delete;
template <std::same_as<bool> Bool>
Tensor argmin(const Operand& x, Bool keep) = delete;
/// y_i = x_0 + ... + x_i along an axis; from the other end with `reverse`.
Tensor cumsum(const Operand& x, std::int64_t axis = -1, bool reverse = false);

template <OnlyKeepDims Keep>
Tensor sum(const Operand& x, Keep keep) {
  return sum(x, all_axes, keep);
}
template <OnlyKeepDims Keep>
Tensor prod(const Operand& x, Keep keep) {
  return prod(x, all_axes, keep);
}
template <OnlyKeepDims Keep>
Tensor max(const Operand& x, Keep keep) {
  return max(x, all_axes, keep);
}
template <OnlyKeepDims Keep>
Tensor min(const Operand& x, Keep keep) {
  return min(x, all_axes, keep);
}

}  // namespace xgrad
