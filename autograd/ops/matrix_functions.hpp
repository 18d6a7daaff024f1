#pragma once

// Functions of square matrices in the last two axes; the axes before them are a batch. Floating dtypes.

#include <cstdint>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// x x ... x, n times; of x^-1 for n < 0 (LinalgError for a singular matrix); the identity for n = 0.
Tensor matrix_power(const Operand& x, std::int64_t n);
/// sum_k x^k / k!, by scaling and squaring, in double precision for every dtype. LinalgError for NaN and infinities,
/// and where the result overflows.
Tensor matrix_exp(const Operand& x);
/// log(det(x)): NaN for a determinant below 0, and -inf for 0, where the derivative is a LinalgError.
Tensor logdet(const Operand& x);

}  // namespace xgrad
