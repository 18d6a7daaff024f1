#pragma once

// Joins values along an axis, each of which is read where it lies.

#include <cstddef>
#include <cstdint>
#include <span>

#include "autograd/engine/programs/placed_view.hpp"

namespace xgrad::fused {

/// A value that is joined with others: a view of the memory at `base`, of which `run` elements in a row go to each row
/// of the result. Without a view, others write these elements.
struct Piece {
  const PlacedView* view;
  const void* base;
  std::int64_t run;
};

/// to[i] = the run number i of each of the pieces, one behind the other, for `rows` rows. Elements have `item` bytes: 4
/// or 8.
void join(std::span<const Piece> pieces, std::int64_t rows, std::size_t item, void* to);

}  // namespace xgrad::fused
