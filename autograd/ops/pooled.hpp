#pragma once

// For the library's own .cpp files: the maximum of windows, and where it stands.

#include <cstdint>
#include <limits>
#include <vector>

#include "autograd/ops/pooling.hpp"
#include "autograd/ops/spatial.hpp"

namespace xgrad::grid {

/// What stands where a window has no element.
inline constexpr double least = -std::numeric_limits<double>::infinity();

/// The windows of one spatial axis: where each begins, the first element that each has, and how far the elements of a
/// window are from its beginning.
struct Stand {
  std::int64_t elements;
  Sizes begins, firsts, offsets;
};

/// The first maximum of each window, for x [N, C, ...spatial] and its windows [N, C, elements of a window, ...windows],
/// in which `least` stands for what is not there.
Pooled first_maximum(const Tensor& x, const Tensor& windows, const std::vector<Stand>& stands);

}  // namespace xgrad::grid
