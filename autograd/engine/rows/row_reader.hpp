#pragma once

// Rows of a program that lie at places of their own.

#include <cstdint>

#include "autograd/core/access.hpp"

namespace xgrad::fused {

/// Some rows in memory: the first one, how many bytes lie from each to the next, and how many they are.
struct RowsInMemory {
  char* data;
  std::int64_t stride, rows;
};

/// Reads elements in the order of the rows, each `columns` elements long, of what `access` says about `base`. The
/// access is coalesced. Elements have `item` bytes: 4 or 8.
class RowReader {
 public:
  RowReader(const Access& access, const void* base, std::size_t item, std::int64_t columns)
      : access_(access), base_(static_cast<const char*>(base)), item_(item), columns_(columns) {}

  /// The elements from `column` on of up to so many rows: where they lie, if they lie there row by row; else a group of
  /// rows at most, copied to `own`, `own_stride` bytes from row to row.
  RowsInMemory rows(std::int64_t row, std::int64_t rows, std::int64_t group, std::int64_t column, std::int64_t columns,
                    char* own, std::int64_t own_stride) const;
  /// Copies so many elements, in their order, to `own`.
  void copy(std::int64_t first, std::int64_t count, char* own) const;

 private:
  struct Position;
  Position position(std::int64_t element) const;
  RowsInMemory rows_there(const Position& at, std::int64_t rows, std::int64_t columns) const;
  bool is_transposed(const Position& at, std::int64_t rows, std::int64_t column, std::int64_t columns) const;
  template <class T>
  void copy_as(std::int64_t first, std::int64_t count, T* own) const;

  const Access& access_;
  const char* base_;
  std::size_t item_;
  std::int64_t columns_;
};

}  // namespace xgrad::fused
