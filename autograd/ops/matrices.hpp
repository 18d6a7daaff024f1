#pragma once

// What the operations on matrices in the last two axes share.

#include "autograd/core/fail.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// The Tensor, if it has a floating dtype and two axes at least.
Tensor matrices(const Operand& x, const char* call);
/// The same, if its matrices are square, too.
Tensor square_matrices(const Operand& x, const char* call);

/// The sizes of the axes before the last two.
Shape batch_of(const Tensor& x);
/// `batch` and these sizes.
Shape with_sizes(const Shape& batch, std::initializer_list<std::int64_t> sizes);
/// A number for each matrix, as a matrix of one element.
Tensor as_matrices(const Tensor& x);
/// The distance of 1 to the next number of the dtype.
double epsilon(DType dtype);
/// What rounding leaves of 0 in a decomposition, as a part of the largest number in it.
double negligible_part(const Tensor& x);

}  // namespace xgrad
