#pragma once

#include <cstdint>

#include "autograd/core/axes.hpp"
#include "autograd/core/instruction.hpp"

namespace xgrad {

/// How an optimising executor sees a primitive: which family it belongs to, and what it needs to know there. An opaque
/// primitive is run by its reference kernel.
struct Lowering {
  enum class Kind : std::uint8_t {
    opaque,
    constant,       ///< every element is `value`
    elementwise,    ///< inputs and output have one shape; `instruction` per element
    reduction,      ///< by `instruction` over `axes`, which stay with size 1
    broadcast,      ///< axes of size 1 are repeated
    alias,          ///< the elements of input 0, perhaps under another shape
    strided,        ///< the elements of input 0 at other places, as Primitive::move tells; the first one is its first
    shifted,        ///< the same, from any element on, with a number around them perhaps
    strided_sum,    ///< the transpose: adds the elements of input 0, row by row, to 0 at such places
    transposition,  ///< the last two axes swapped
    contraction,    ///< matrix product of the last two axes
    pick,           ///< reads input 0 at the int64 indices of input 1 along `axis`
    place,          ///< adds input 0 into zeros at the int64 indices of input 1 along `axis`
  };
  Kind kind = Kind::opaque;
  Instruction instruction = Instruction::none;
  /// For elementwise: a zero cotangent gives zero cotangents whatever the inputs are, NaN and infinity included.
  bool keeps_zero = false;
  /// For the others: the vjp only moves cotangents or adds them up, without factors.
  bool moves = false;
  double value = 0;
  AxisSet axes{};
  std::int64_t axis = 0;
};

}  // namespace xgrad
