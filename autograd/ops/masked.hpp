#pragma once

// Reading and writing by a mask (bool).

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// x with `value` where the mask holds; mask, value and x broadcast. No derivative of x there.
Tensor masked_fill(const Operand& x, const Operand& mask, const Operand& value);
/// The elements where the mask holds, in their order, as a vector; mask and x broadcast. Evaluates the mask, for the
/// shape of the result depends on it.
Tensor masked_select(const Operand& x, const Operand& mask);
/// x with the first elements of `source`, in their order, where the mask holds; mask and x broadcast. ValueError when
/// the source has fewer elements than the mask could take, which are all of them unless its value is known.
Tensor masked_scatter(const Operand& x, const Operand& mask, const Operand& source);
/// The indices of the elements that are not 0, one in a row: int64 [count, axes]. Evaluates; no derivative flows.
Tensor nonzero(const Operand& x);

}  // namespace xgrad
