#pragma once

#include <cstdint>

#include "autograd/core/instruction.hpp"

namespace xgrad {

/// How an optimising executor sees a primitive: which family it belongs to, and its instruction there. What else it
/// needs (axes, sizes) it reads from the entry. An opaque primitive is run by its reference kernel.
struct Lowering {
  enum class Kind : std::uint8_t {
    opaque,
    constant,     ///< every element has the value of the field `value`
    elementwise,  ///< inputs and output have one shape; `instruction` per element
    reduction,    ///< over the field `axes`, which stay with size 1
    broadcast,    ///< axes of size 1 are repeated
    alias,        ///< the elements of input 0, perhaps under another shape
    permutation,  ///< axes reordered by the field `order`
    contraction,  ///< matrix product of the last two axes
  };
  Kind kind = Kind::opaque;
  Instruction instruction = Instruction::none;
  /// For elementwise: a zero cotangent gives zero cotangents whatever the inputs are, NaN and infinity included.
  bool keeps_zero = false;
  /// For the others: the vjp only moves cotangents or adds them up, without factors.
  bool moves = false;
};

}  // namespace xgrad
