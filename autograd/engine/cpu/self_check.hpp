#pragma once

// Whether an instruction set does what the engine takes it to do, on this processor and as it was compiled.

#include <optional>

#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/math/lane_operations.hpp"

namespace xgrad::fused {

/// The operations of an instruction set that has() says is there.
const LaneFunctions& lane_functions(InstructionSet set, DType dtype);

/// The first lane of the operation whose result is not what it means; nothing if all are right. Pretences count.
template <class T>
std::optional<int> first_wrong_lane(InstructionSet set, LaneOperation operation, const T* a, const T* b, const T* c,
                                    int n);

/// An operation that is wrong for some of the numbers that are tried, of all classes: 0.3 ms. Does not depend on
/// the caller's rounding mode.
std::optional<LaneOperation> self_check(InstructionSet set);

}  // namespace xgrad::fused
