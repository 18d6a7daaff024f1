#pragma once

// Helpers for operations on matrices in the last two axes.

#include "autograd/core/fail.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// x as a Tensor, checked to have a floating dtype and at least two axes.
Tensor matrices(const Operand& x, const char* call);
/// The same, checked to have square matrices, too.
Tensor square_matrices(const Operand& x, const char* call);

/// The sizes of the axes before the last two.
Shape batch_of(const Tensor& x);
/// `batch` and these sizes.
Shape with_sizes(const Shape& batch, std::initializer_list<std::int64_t> sizes);
/// A number for each matrix, as a matrix of one element.
Tensor as_matrices(const Tensor& x);
/// The distance of 1 to the next number of the dtype.
double epsilon(DType dtype);
/// A bound for the rounding error of 0 in a decomposition, relative to its largest number.
double negligible_part(const Tensor& x);

}  // namespace xgrad
