#pragma once

#include <cstdint>

#include "autograd/core/axes.hpp"
#include "autograd/core/instruction.hpp"

namespace xgrad {

/// What an executor knows of a primitive: its family, and the facts that matter there. An opaque primitive is run by
/// its reference kernel.
struct Lowering {
  enum class Kind : std::uint8_t {
    opaque,
    constant,       ///< every element is `value`
    elementwise,    ///< inputs and output have one shape; `instruction` per element
    reduction,      ///< by `instruction` over `axes`, which stay with size 1
    broadcast,      ///< axes of size 1 are repeated
    alias,          ///< the elements of input 0, perhaps under another shape
    strided,        ///< the elements of input 0 at other places, which Primitive::move gives, beginning with its first
    shifted,        ///< the same from any element on, and perhaps padded with a number
    strided_sum,    ///< the transpose of strided: adds the elements of input 0, row by row, at such places
    transposition,  ///< the last two axes swapped
    contraction,    ///< matrix product of the last two axes; `axes` has the numbers of the inputs that are given
                    ///< transposed
    gather,         ///< reads input 0 at the int64 indices of input 1 along `axis`
    scatter,        ///< adds input 0 into zeros at the int64 indices of input 1 along `axis`
  };
  Kind kind = Kind::opaque;
  Instruction instruction = Instruction::none;
  /// For elementwise: whether a zero cotangent gives zero cotangents for all inputs, NaN and infinity included.
  bool keeps_zero = false;
  /// For the others: whether the vjp only moves cotangents or adds them up, without factors.
  bool moves = false;
  /// For opaque ones: whether the result is the inputs, of its dtype, joined along `axis`.
  bool joins = false;
  double value = 0;
  AxisSet axes{};
  std::int64_t axis = 0;
};

}  // namespace xgrad
