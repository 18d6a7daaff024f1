#pragma once

#include <cstdint>

#include "autograd/engine/plan/plan.hpp"

namespace xgrad::fused {

/// Computes the values of pending entries that have the plan's structure, from their own inputs, and gives them to the
/// entries. Any number of threads may run a plan at the same time. `again` says whether this thread has run it before,
/// so that it has all memory that the plan does not count.
void run(const Plan& plan, const Pending& pending, const Inputs& inputs, bool again);

/// How often programs have run as epilogues, on parts of products as these were finished.
std::int64_t epilogue_runs();

}  // namespace xgrad::fused
