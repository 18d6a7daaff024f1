#pragma once

// For the kernels' own .cpp files: loops on several threads.

#include <algorithm>
#include <cstdint>

#include "autograd/core/parallel.hpp"

namespace xgrad::kernels {

/// How many elements a thread takes at a time: enough to pay for the hand-over, few enough for its cache.
inline constexpr std::int64_t range_elements = std::int64_t{1} << 14;

/// Calls body(begin, end) for ranges of the items 0 ... count - 1, of `elements` elements each.
template <class Body>
void parallel_ranges(std::int64_t count, std::int64_t elements, Body&& body) {
  if (count <= 0) return;
  const std::int64_t each = std::max<std::int64_t>(1, range_elements / std::max<std::int64_t>(1, elements));
  if (each >= count) return body(std::int64_t{0}, count);
  parallel_blocks((count + each - 1) / each,
                  [&](std::int64_t block) { body(block * each, std::min(count, (block + 1) * each)); });
}

}  // namespace xgrad::kernels
