#pragma once

// Reads rows of an operand that an Access describes.

#include <cstdint>

#include "autograd/engine/programs/placed_view.hpp"

namespace xgrad::fused {

/// Rows in memory: the first one, the bytes from each to the next, and their number.
struct RowsInMemory {
  char* data;
  std::int64_t stride, rows;
};

/// Reads rows of `columns` elements through a view of the memory at `base`. Elements have `item` bytes: 4 or 8.
class RowReader {
 public:
  RowReader(const PlacedView& view, const void* base, std::size_t item, std::int64_t columns)
      : view_(view), access_(view.access), base_(static_cast<const char*>(base)), item_(item), columns_(columns) {}

  /// Finds `columns` elements from `column` on of up to `rows` rows: in place, if memory has them row by row; else it
  /// copies at most `group` rows to `own`, `own_stride` bytes from row to row.
  RowsInMemory rows(std::int64_t row, std::int64_t rows, std::int64_t group, std::int64_t column, std::int64_t columns,
                    char* own, std::int64_t own_stride) const;
  /// Copies `count` elements from element `first` on to `own`.
  void copy(std::int64_t first, std::int64_t count, char* own) const;
  /// The same, but leaves `gap` elements of `own` out after each `row` of them. Not where runs are short.
  void copy_rows(std::int64_t first, std::int64_t count, char* own, std::int64_t row, std::int64_t gap) const;

 private:
  struct Position;
  Position position(std::int64_t element, std::size_t last) const;
  std::size_t last_axis() const { return access_.axes.empty() ? 0 : access_.axes.size() - 1; }
  void go_on(Position& at, std::size_t last) const;
  RowsInMemory rows_there(const Position& at, std::int64_t rows, std::int64_t columns) const;
  bool is_transposed(const Position& at, std::int64_t rows, std::int64_t column, std::int64_t columns) const;
  template <class T>
  void copy_as(std::int64_t first, std::int64_t count, T* own, std::int64_t row, std::int64_t gap) const;
  template <class T>
  void copy_short_runs(std::int64_t first, std::int64_t count, T* own) const;

  const PlacedView& view_;
  const Access& access_;
  const char* base_;
  std::size_t item_;
  std::int64_t columns_;
};

}  // namespace xgrad::fused
