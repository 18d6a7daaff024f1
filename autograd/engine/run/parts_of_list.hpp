#pragma once

#include "autograd/engine/cpu/function_ref.hpp"
#include "autograd/engine/graph/pending.hpp"

namespace xgrad::fused {

/// Calls `run` for a list of pending entries that a plan can be made for, or for the parts of a longer one, in tape
/// order. Only the last part has the donated Tensors.
void for_each_part(const Pending& pending, FunctionRef<void(const Pending&)> run);

}  // namespace xgrad::fused
