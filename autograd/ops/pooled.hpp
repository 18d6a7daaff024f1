#pragma once

// For the library's own .cpp files: the maxima of windows, with their indices.

#include <cstdint>
#include <limits>
#include <vector>

#include "autograd/ops/pooling.hpp"
#include "autograd/ops/spatial.hpp"

namespace xgrad::grid {

/// The value in place of elements that a window does not have.
inline constexpr double least = -std::numeric_limits<double>::infinity();

/// The windows of one spatial axis: where each begins, its first element that exists, and the distances of elements
/// from the beginning.
struct Stand {
  std::int64_t elements;
  Sizes begins, firsts, offsets;
};

/// The first maximum of each window, for x [N, C, ...spatial] and its windows [N, C, elements of a window, ...windows],
/// in which elements that do not exist are `least`.
Pooled first_maximum(const Tensor& x, const Tensor& windows, const std::vector<Stand>& stands);

}  // namespace xgrad::grid
