#pragma once

// Checks that the operations of an instruction set, as compiled and on this processor, compute what they mean.

#include <optional>

#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/math/lane_operations.hpp"

namespace xgrad::fused {

/// The operations of an instruction set that has() says is there.
const LaneFunctions& lane_functions(InstructionSet set, DType dtype);

/// The first lane in which the operation has a wrong result; nothing if all are right. What tests pretend counts.
template <class T>
std::optional<int> first_wrong_lane(InstructionSet set, LaneOperation operation, const T* a, const T* b, const T* c,
                                    int n);

/// Tries every operation on numbers of all classes, in 0.3 ms, and returns one that is wrong. The caller's rounding
/// mode does not matter.
std::optional<LaneOperation> self_check(InstructionSet set);

}  // namespace xgrad::fused
