#pragma once

// Running results along an axis, beside cumsum. By doubling: the logarithm of the axis' size of passes over it.

#include <cstdint>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// y_i = max(x_0, ..., x_i) along an axis; ties share the derivative, and NaN stays from where it stands.
Tensor cummax(const Operand& x, std::int64_t axis = -1);
/// y_i = min(x_0, ..., x_i) along an axis.
Tensor cummin(const Operand& x, std::int64_t axis = -1);
/// y_i = log(e^x_0 + ... + e^x_i) along an axis, without overflow.
Tensor logcumsumexp(const Operand& x, std::int64_t axis = -1);

}  // namespace xgrad
