#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "autograd/tape/entry.hpp"

namespace xgrad::fused {

/// The values by which evaluations of one structure differ; a plan gets them when it runs. The key numbers leaves and
/// constants in order of first use when it reads the entries; graph, plan and runs use these numbers.
struct Inputs {
  std::vector<Entry*> leaves;     // the entries that are read and have a value
  std::vector<double> constants;  // no two of them with the same bits
};

/// Whether 0 times this is 0, in any dtype. It is part of a plan's key.
inline bool is_moderate(double constant) {
  return std::abs(constant) <= static_cast<double>(std::numeric_limits<float>::max());
}

/// In the Numbering of pending entries an entry has its place in the list, and leaf i the number first_leaf + i.
constexpr std::uint32_t first_leaf = 0x80000000;

}  // namespace xgrad::fused
