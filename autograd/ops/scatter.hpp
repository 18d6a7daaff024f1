#pragma once

// Writing at int64 indices, beside scatter_add: compositions of finding the last or the largest of what goes to an
// index, and of reading and adding at indices. `index` has as
// many axes as x and is, off the axis, no larger; `source` has its shape and the dtype of x, or is a number. IndexError
// names an index that is out of range, as negative ones are; ShapeError and DTypeError what does not fit.

#include <cstdint>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// A copy of x with the source in place of what stands at the indices: y[index[i][j]][j] = source[i][j] for axis 0. Of
/// equal indices the last one wins, and it alone has a derivative.
Tensor scatter(const Operand& x, std::int64_t axis, const Operand& index, const Operand& source);

/// What is made of the elements that meet at an index.
enum class ScatterReduction {
  sum,
  prod,  ///< with the exact derivative for zeros
  mean,  ///< floating dtypes only
  max,   ///< NaN if one is; equal largest elements share the derivative evenly
  min,
};
/// A copy of x with, at each index that occurs, what is made of the elements of the source there and, unless
/// `include_self` is false, of that of x. DTypeError for masks. (PyTorch's scatter_reduce)
Tensor scatter_reduce(const Operand& x, std::int64_t axis, const Operand& index, const Operand& source,
                      ScatterReduction reduction, bool include_self = true);

/// A copy of x with source[i] at the flat, row-major place index[i], for indices of any shape; with `accumulate` it is
/// added there, else the last one of equal indices wins. (What reads them is take(flatten(x), index).)
Tensor put(const Operand& x, const Operand& index, const Operand& source, bool accumulate = false);

}  // namespace xgrad
