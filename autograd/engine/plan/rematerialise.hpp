#pragma once

#include "autograd/engine/plan/schedule.hpp"

namespace xgrad::fused {

/// An order in which tasks, given in one that they can run in, stay within so many bytes: values are dropped after
/// their first use, and their tasks run again before the next one, where that is needed. If no such order is found, the
/// one with the lowest peak.
std::vector<std::int32_t> order_within(const std::vector<Work>& tasks, const std::vector<Held>& values,
                                       std::size_t budget);

}  // namespace xgrad::fused
