#pragma once

#include "autograd/engine/plan/schedule.hpp"

namespace xgrad::fused {

/// Finds an order of tasks whose values take at most `budget` bytes at a time: a value may be dropped after one of its
/// readers, and its task runs again before the next one. The tasks are given in an order in which they can run. If no
/// order keeps to the budget, returns the one with the lowest peak that was found.
std::vector<std::int32_t> order_within(const std::vector<Work>& tasks, const std::vector<StoredValue>& values,
                                       std::size_t budget);

}  // namespace xgrad::fused
