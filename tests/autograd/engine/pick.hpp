#pragma once

// Whole numbers for tests that make their cases up.

#include <cstdint>
#include <random>

namespace xgrad::testing {

using Random = std::mt19937_64;

inline std::int64_t pick(Random& random, std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most - least + 1));
}

}  // namespace xgrad::testing
