#pragma once

#include "autograd/engine/plan/schedule.hpp"

namespace xgrad::fused {

/// An order of tasks, some of which run again, whose values take no more than so many bytes at a time: a value may be
/// dropped after one of its readers, and its task runs again before the next one. The tasks are given in an order that
/// they can run in. If no such order is found, the result is the one with the lowest peak.
std::vector<std::int32_t> order_within(const std::vector<Work>& tasks, const std::vector<Held>& values,
                                       std::size_t budget);

}  // namespace xgrad::fused
