#pragma once

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// a b^T of a [..., k] and b [n, k]: what matmul(a, transpose(b)) is, with its errors, without an entry for the
/// transposition.
Tensor matmul_transposed(const Operand& a, const Operand& b);

}  // namespace xgrad
