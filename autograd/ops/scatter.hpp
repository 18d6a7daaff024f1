#pragma once

// Writing at int64 indices, besides scatter_add. `index` has as many axes as x and is, off the axis, no larger;
// `source` has the shape of `index` and the dtype of x, or is a number. IndexError names an index that is out of range,
// as negative ones are; ShapeError and DTypeError say what does not fit.

#include <cstdint>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// x with elements replaced at the indices: y[index[i][j]][j] = source[i][j] for axis 0. Of equal indices the last one
/// wins, and it alone has a derivative.
Tensor scatter(const Operand& x, std::int64_t axis, const Operand& index, const Operand& source);

/// How elements with equal indices are reduced.
enum class ScatterReduction {
  sum,
  prod,  ///< with the exact derivative for zeros
  mean,  ///< floating dtypes only
  max,   ///< NaN if one is; equal largest elements share the derivative evenly
  min,
};
/// x where, at each index that occurs, the elements of the source with that index are reduced, together with that of x
/// unless `include_self` is false. DTypeError for masks. (PyTorch's scatter_reduce)
Tensor scatter_reduce(const Operand& x, std::int64_t axis, const Operand& index, const Operand& source,
                      ScatterReduction reduction, bool include_self = true);

/// x with source[i] at the flat, row-major index index[i], for indices of any shape. With `accumulate` it is added
/// there, else the last one of equal indices wins. (take(flatten(x), index) reads these elements.)
Tensor put(const Operand& x, const Operand& index, const Operand& source, bool accumulate = false);

}  // namespace xgrad
