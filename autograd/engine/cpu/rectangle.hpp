#pragma once

#include <cstdint>

namespace xgrad::fused {

/// Consecutive rows and columns of a matrix.
struct Rectangle {
  std::int64_t row = 0, rows = 0, column = 0, columns = 0;
};

}  // namespace xgrad::fused
