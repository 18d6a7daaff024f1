#pragma once

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Matrix product of the last two axes: (..., m, k)(..., k, n) -> (..., m, n). A 1-d operand is a row vector on the
/// left and a column vector on the right, and its axis goes; the leading axes broadcast.
Tensor matmul(const Operand& a, const Operand& b);

}  // namespace xgrad
