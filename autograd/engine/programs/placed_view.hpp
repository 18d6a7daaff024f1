#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "autograd/core/access.hpp"

namespace xgrad::fused {

/// What lies along the last axis of a coalesced view is a run. One of fewer elements is short: to find where it begins
/// takes longer than to copy it, so what goes from run to run, as the reference kernels do, loses to what reads by
/// offsets that were found once. (16 are a vector of float32 in the widest registers.)
inline constexpr std::int64_t least_long_run = 16;

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
