#pragma once

// Division by counts of elements, which float32 cannot represent beyond 2^24.

#include "autograd/ops/elementwise.hpp"

namespace xgrad {

/// Whether the dtype represents every whole number up to the count.
inline bool counts_to(std::int64_t count, DType dtype) { return dtype != float32 || count <= (1 << 24); }
/// Whether the dtype represents the count.
inline bool is_exact(std::int64_t count, DType dtype) {
  return dtype != float32 || static_cast<std::int64_t>(static_cast<float>(count)) == count;
}

/// total / count, rounded once.
inline Tensor divide_by_count(const Tensor& total, std::int64_t count) {
  if (is_exact(count, total.dtype())) return total / count;
  return cast(cast(total, float64) / count, total.dtype());
}

}  // namespace xgrad
