#pragma once

// Reductions over axes. `axes` is a number, a list, or `all_axes`; no axes at all give the Tensor back. With
// `keep_dims` the reduced axes stay, with size 1.

#include "autograd/core/axes.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

// Of masks (bool), sum, prod and cumsum count in int64, max and min are bool, and argmax finds the first true element.

Tensor sum(const Operand& x, const Axes& axes = all_axes, bool keep = false);  ///< accurate; 0 for no elements
Tensor prod(const Operand& x, const Axes& axes = all_axes,
            bool keep = false);  ///< 1 for no elements; exact derivative with zeros
/// NaN if an element is; equal largest elements share the cotangent evenly. ValueError for no elements.
Tensor max(const Operand& x, const Axes& axes = all_axes, bool keep = false);
Tensor min(const Operand& x, const Axes& axes = all_axes, bool keep = false);
/// The first index of the largest element (of the first NaN, if there is one) along an axis, as int64.
Tensor argmax(const Operand& x, std::int64_t axis = -1, bool keep = false);
Tensor argmin(const Operand& x, std::int64_t axis = -1, bool keep = false);
/// y_i = x_0 + ... + x_i along an axis; from the other end with `reverse`.
Tensor cumsum(const Operand& x, std::int64_t axis = -1, bool reverse = false);

}  // namespace xgrad
