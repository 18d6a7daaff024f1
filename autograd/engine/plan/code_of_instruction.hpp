#pragma once

// The tape's instructions as steps of row programs.

#include "autograd/core/instruction.hpp"
#include "autograd/engine/plan/lower_group.hpp"

namespace xgrad::fused {

namespace detail {

// The instructions from neg to round and from add to greater_equal stand in the same order as the codes.
constexpr Code same_place(Instruction instruction, Instruction first, Code code) {
  return static_cast<Code>(static_cast<int>(code) + static_cast<int>(instruction) - static_cast<int>(first));
}
static_assert(same_place(Instruction::erf, Instruction::neg, Code::neg) == Code::erf);
static_assert(same_place(Instruction::round, Instruction::neg, Code::neg) == Code::round);
static_assert(same_place(Instruction::atan2, Instruction::add, Code::add) == Code::atan2);
static_assert(same_place(Instruction::greater_equal, Instruction::add, Code::add) == Code::greater_equal);

}  // namespace detail

/// The code of an instruction of the tape.
inline Code code_of(Instruction instruction) {
  using detail::same_place;
  if (instruction >= Instruction::neg && instruction <= Instruction::round)
    return same_place(instruction, Instruction::neg, Code::neg);
  if (instruction >= Instruction::add && instruction <= Instruction::greater_equal)
    return same_place(instruction, Instruction::add, Code::add);
  switch (instruction) {
    case Instruction::logical_and:
      return Code::mask_and;
    case Instruction::logical_or:
      return Code::mask_or;
    case Instruction::logical_xor:
      return Code::mask_xor;
    case Instruction::logical_not:
      return Code::mask_not;
    case Instruction::cast:
      return Code::mask_to_number;
    case Instruction::where:
      return Code::select;
    case Instruction::fma:
      return Code::fma;
    case Instruction::sum:
      return Code::row_sum;
    case Instruction::max:
      return Code::row_max;
    case Instruction::min:
      return Code::row_min;
    case Instruction::prod:
      return Code::row_prod;
    default:
      throw Unplanned();
  }
}

}  // namespace xgrad::fused
