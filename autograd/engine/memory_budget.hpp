#pragma once

#include <cstddef>
#include <string_view>

namespace xgrad {

/// Sets how much memory the values of one evaluation may take at a time, in bytes; 0 for any amount. To keep to it the
/// fused engine drops values between their uses and computes them again where they are read next; if no order of tasks
/// keeps to the budget, the evaluation runs in the least memory that the planner has found. Results and gradients
/// count, values from before (parameters, data) do not. The bits of results do not depend on the budget. Values are
/// kept for a later backward pass only within it. Lists of more than 16,384 entries are evaluated in parts, each with
/// the whole budget; what later parts read is kept for them. At the start this is the environment variable
/// XGRAD_MEMORY_BUDGET: bytes, or a whole number with K, M or G for 2^10, 2^20 or 2^30 of them.
void set_memory_budget(std::size_t bytes);
/// The budget in force. ValueError if XGRAD_MEMORY_BUDGET is not a valid one.
std::size_t memory_budget();

namespace fused {

/// The bytes that a text such as that of XGRAD_MEMORY_BUDGET means; 0 for an empty one. ValueError for any other text.
std::size_t parse_memory_budget(std::string_view text);

}  // namespace fused

}  // namespace xgrad
