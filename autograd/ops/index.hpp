#pragma once

// Reading and writing at int64 indices. IndexError names the index, its place and the size of the axis; negative
// indices are out of range.

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// y[i][j] = x[index[i][j]][j] for axis 0, and so on. Off the axis, `index` is no larger than `x`.
Tensor gather(const Operand& x, std::int64_t axis, const Operand& index);
/// x with source added at the indices: y[index[i][j]][j] += source[i][j] for axis 0. An index may repeat.
Tensor scatter_add(const Operand& x, std::int64_t axis, const Operand& index, const Operand& source);
/// The elements at the indices along an axis, in whose place the axes of the index stand (one for a list, none for a
/// number): y[..., i, j, ...] = x[..., index[i, j], ...].
Tensor take(const Operand& x, const Operand& index, std::int64_t axis = 0);
/// The same for a list of indices; ShapeError for another index. (PyTorch's name)
Tensor index_select(const Operand& x, std::int64_t axis, const Operand& index);
/// A copy of x with the parts of `source` added at the indices of an axis: y[..., index[i], ...] += source[..., i,
/// ...]. An index may repeat.
Tensor index_add(const Operand& x, std::int64_t axis, const Operand& index, const Operand& source);
/// y[..., i] = 1 where the index is i, else 0.
Tensor one_hot(const Operand& index, std::int64_t classes, DType dtype = float32);

}  // namespace xgrad
