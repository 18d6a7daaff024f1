#pragma once

// Division by numbers of elements, which need not be numbers of the dtype: float32 counts to 2^24.

#include "autograd/ops/elementwise.hpp"

namespace xgrad {

/// Whether the dtype has every number up to the count.
inline bool counts_to(std::int64_t count, DType dtype) { return dtype != float32 || count <= (1 << 24); }
/// Whether the count is a number of the dtype.
inline bool is_exact(std::int64_t count, DType dtype) {
  return dtype != float32 || static_cast<std::int64_t>(static_cast<float>(count)) == count;
}

/// total / count, rounded once.
inline Tensor divide_by_count(const Tensor& total, std::int64_t count) {
  if (is_exact(count, total.dtype())) return total / count;
  return cast(cast(total, float64) / count, total.dtype());
}

}  // namespace xgrad
