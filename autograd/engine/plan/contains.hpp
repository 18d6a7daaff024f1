#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace xgrad::fused {

/// Whether a short list of nodes has one.
inline bool contains(const std::vector<std::int32_t>& list, std::int32_t node) {
  return std::find(list.begin(), list.end(), node) != list.end();
}

}  // namespace xgrad::fused
