#pragma once

// Views that matrix products read in place, such as permuted axes and sliding windows.

#include <cstdint>
#include <optional>
#include <vector>

#include "autograd/core/shape.hpp"

namespace xgrad::fused {

/// Matrices of one size: element (i, j) of matrix b is element batches[b] + rows[i] + columns[j] of the memory.
struct Offsets {
  std::vector<std::int64_t> batches, rows, columns;

  /// Whether rows have adjacent elements and lie at equal distances, or columns do.
  bool lies_along() const;
  /// Whether matrix b lies within the b-th `elements` elements of the memory.
  bool lie_apart(std::int64_t elements) const;
};

/// The sizes and strides of a view.
struct StridedView {
  Shape shape;
  std::vector<std::int64_t> strides;  // by axis
};

/// The view as `batch` matrices of so many rows and columns, all at least 1; nothing if that would cut an axis into
/// pieces of different sizes.
std::optional<Offsets> offsets_of(const StridedView& view, std::int64_t batch, std::int64_t rows, std::int64_t columns);

/// The distance between consecutive offsets, if it is the same for all; 1 for a single offset.
std::optional<std::int64_t> distance(const std::vector<std::int64_t>& offsets);

}  // namespace xgrad::fused
