#pragma once

#include "autograd/engine/cpu/function_ref.hpp"
#include "autograd/engine/graph/pending.hpp"

namespace xgrad::fused {

/// Calls `run` for the list of pending entries, or for its parts in tape order if it is too long for one plan. Only the
/// last part gets the donated Tensors.
void for_each_part(const Pending& pending, FunctionRef<void(const Pending&)> run);

}  // namespace xgrad::fused
