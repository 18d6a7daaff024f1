#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "autograd/tape/entry.hpp"

namespace xgrad::fused {

/// What lists of entries of one structure may differ in, and what their plan is given when it runs. The key numbers
/// both once, in order of first use, when it reads the list; the graph, the plan and its runs know them by these
/// numbers.
struct Inputs {
  std::vector<Entry*> leaves;     // what the entries read that has a value
  std::vector<double> constants;  // no two of them with the same bits
};

/// Whether 0 times this is 0, in any dtype. It is part of a plan's key.
inline bool is_moderate(double constant) {
  return std::abs(constant) <= static_cast<double>(std::numeric_limits<float>::max());
}

/// In the Numbering of pending entries leaf i has the number first_leaf + i; entries have their places.
constexpr std::uint32_t first_leaf = 0x80000000;

}  // namespace xgrad::fused
