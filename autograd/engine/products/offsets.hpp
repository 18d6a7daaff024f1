#pragma once

// Operands of matrix products that are read where they lie: permuted axes, sliding windows.

#include <cstdint>
#include <optional>
#include <vector>

#include "autograd/core/shape.hpp"

namespace xgrad::fused {

/// Some matrices of one size: element (i, j) of matrix b is element batches[b] + rows[i] + columns[j] of what holds it.
struct Offsets {
  std::vector<std::int64_t> batches, rows, columns;

  /// Whether the elements of a row, or of a column, lie next to each other, and rows or columns at equal distances.
  bool lies_along() const;
  /// Whether each matrix lies within so many elements of its own, one after the other.
  bool lie_apart(std::int64_t elements) const;
};

/// How the elements of a result lie in what it is a view of.
struct StridedView {
  Shape shape;
  std::vector<std::int64_t> strides;  // by axis
};

/// The view as `batch` matrices of so many rows and columns, of which there is at least one; nothing where an axis
/// would have to be divided in a way that does not come out even.
std::optional<Offsets> offsets_of(const StridedView& view, std::int64_t batch, std::int64_t rows, std::int64_t columns);

/// The distance from each number to the next, if it is the same for all; 1 for a single number.
std::optional<std::int64_t> distance(const std::vector<std::int64_t>& offsets);

}  // namespace xgrad::fused
