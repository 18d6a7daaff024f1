#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "autograd/core/access.hpp"

namespace xgrad::fused {

/// A view that programs read where its elements lie, in the order of rows and columns. `access` is coalesced.
struct PlacedView {
  /// Finds the offsets below, if they are worth it.
  void find_offsets();

  Access access;
  // Where few elements lie along the last axis: the offsets of the first elements from any index of `axis` on, each of
  // whose indices has `block` elements. What is around a view depends on axes before `axis` alone. Empty for all
  // others.
  std::vector<std::int32_t> offsets{};
  std::size_t axis = 0;
  std::int64_t block = 1;
};

}  // namespace xgrad::fused
