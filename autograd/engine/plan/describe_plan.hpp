#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "autograd/engine/graph/inputs.hpp"
#include "autograd/engine/graph/pending.hpp"

namespace xgrad::fused {

/// Describes the plan for these entries: a line for each task run, numbered on from `number`. Throws what planning
/// throws.
std::string describe_plan(const Pending& pending, const Inputs& inputs, std::size_t budget, std::int64_t& number);

}  // namespace xgrad::fused
