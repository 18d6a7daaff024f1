#pragma once

#include "autograd/engine/plan/fusion_groups.hpp"
#include "autograd/engine/programs/violation.hpp"

namespace xgrad::fused {

/// Verifies that groups can run one after the other: each after those whose values it reads; that each node is in the
/// group that has it as a member; and that its space has the size of its members. Throws Unverified.
void verify_grouping(const FusionGroups& groups);

}  // namespace xgrad::fused
