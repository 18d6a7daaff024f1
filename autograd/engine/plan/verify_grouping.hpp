#pragma once

#include "autograd/engine/plan/grouping.hpp"
#include "autograd/engine/programs/violation.hpp"

namespace xgrad::fused {

/// Verifies that the units of a grouping can run in their order, each once, after those whose values it reads; that
/// each node is in the unit that has it as a member; and that its space has the size of its members. Throws Unverified.
void verify_grouping(const Grouping& grouping);

}  // namespace xgrad::fused
