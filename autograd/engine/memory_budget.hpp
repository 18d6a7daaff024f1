#pragma once

#include <cstddef>
#include <string_view>

namespace xgrad {

/// How much memory the values of one evaluation may take at a time, in bytes; 0 for any amount. Beyond it the fused
/// engine drops inner values after their first use and computes them again where they are read next, as far as that
/// helps: if nothing brings an evaluation within the budget, it runs in the least memory the planner has found. What is
/// asked for counts (results and gradients), what was there before does not (parameters, data). Results are the same
/// to the bit. Values that an evaluation would keep for a later backward pass are kept only within the budget. Lists of
/// more than 16,384 entries are evaluated in parts, each of which has the budget to itself, and what later parts read
/// is kept for them. At first this is the environment variable XGRAD_MEMORY_BUDGET: bytes, or a whole number with K, M
/// or G for 2^10, 2^20 or 2^30 of them.
void set_memory_budget(std::size_t bytes);
/// The budget in force. ValueError if XGRAD_MEMORY_BUDGET is none.
std::size_t memory_budget();

namespace fused {

/// What XGRAD_MEMORY_BUDGET may be; nothing for 0. ValueError for any other text.
std::size_t parse_memory_budget(std::string_view text);

}  // namespace fused

}  // namespace xgrad
