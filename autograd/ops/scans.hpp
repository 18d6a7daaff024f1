#pragma once

// Scans along an axis, besides cumsum.

#include <cstdint>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// h_i = a_i h_(i-1) + b_i along an axis, from h_0 = b_0 (a_0 is not read): one pass, forward and back, in float64 for
/// float32. Of int64, too. a and b broadcast.
Tensor linear_recurrence(const Operand& a, const Operand& b, std::int64_t axis = -1);
/// y_i = x_0 * ... * x_i along an axis, with the exact derivative for zeros. Of a mask (bool), int64.
Tensor cumprod(const Operand& x, std::int64_t axis = -1);

/// y_i = the product of all x_j with j != i along an axis, without a division: exact for zeros. 1 for a single element.
Tensor product_of_others(const Operand& x, std::int64_t axis = -1);

/// y_i = max(x_0, ..., x_i) along an axis; equal ones share the derivative evenly, and NaN stays from where it stands.
Tensor cummax(const Operand& x, std::int64_t axis = -1);
/// y_i = min(x_0, ..., x_i) along an axis.
Tensor cummin(const Operand& x, std::int64_t axis = -1);
/// y_i = log(e^x_0 + ... + e^x_i) along an axis, without overflow; float32 in float64.
Tensor logcumsumexp(const Operand& x, std::int64_t axis = -1);

}  // namespace xgrad
