#pragma once

// Operands that an Access describes: rows that are not in memory as a program reads them are copied.

#include <algorithm>
#include <cstdlib>

#include "autograd/engine/cpu/thread_memory.hpp"
#include "autograd/engine/programs/phase_kernel.hpp"
#include "autograd/engine/programs/program_analysis.hpp"
#include "autograd/engine/rows/row_reader.hpp"

namespace xgrad::fused {

/// How many rows and columns of such operands are copied at a time: so many that the copies stay in the first-level
/// cache. Of a transposed operand as many rows as possible are copied together, because they share cache lines.
class PlacedLayout {
 public:
  PlacedLayout(const Program& program, const Analysis& analysis, const Binding& binding, std::int64_t columns);

  /// How many of the columns from `column` on go through all rows at a time. Pieces end where padding begins, so that
  /// only pieces with padding are copied.
  std::int64_t columns_from(std::int64_t column) const;
  /// How many rows of so many columns go through a phase before the next phase begins.
  std::int64_t group(std::int64_t columns) const;
  /// The bytes from each copied row to the next: an odd number of lines, so that rows lie in different sets of a cache.
  static std::int64_t stride(std::int64_t columns, std::size_t item) {
    return static_cast<std::int64_t>(lines(static_cast<std::size_t>(columns) * item + 64) | 64);
  }

  bool any = false;                     // whether there are such operands at all
  std::size_t copies = 0, vectors = 0;  // bytes for each placed pointer: of copied rows, and of a copied vector
  std::size_t numbers = 0, loads = 0;   // bytes of the copied numbers of one load, and of the RowsInMemory of all
  std::size_t bytes = 0;                // bytes of all of these

 private:
  static constexpr std::int64_t most_columns = 1024, transposed_columns = 64, group_elements = 1024;
  static constexpr std::int64_t most_copied = 1 << 18;  // bytes of copied rows whose columns cannot be parted

  bool is_transposed(std::uint16_t p) const;

  const Analysis& analysis_;
  const Binding& binding_;
  std::int64_t width_;
  std::int64_t whole_group_ = 1;  // the group where columns cannot be parted
};

template <class T>
class PlacedOperands {
 public:
  PlacedOperands(const Program& program, const Analysis& analysis, const Binding& binding, const PlacedLayout& layout,
                 char* memory)
      : program_(program),
        analysis_(analysis),
        binding_(binding),
        layout_(layout),
        copies_(memory),
        vectors_(copies_ + analysis.placed.size() * layout.copies),
        numbers_(vectors_ + analysis.placed.size() * layout.vectors),
        loads_(reinterpret_cast<RowsInMemory*>(numbers_ + program.loads.size() * layout.numbers)) {}

  /// Copies the vectors for these columns.
  void begin(std::int64_t column, std::int64_t columns, void** pointers) {
    for (std::size_t i = 0; i < analysis_.placed.size(); ++i) {
      const std::uint16_t p = analysis_.placed[i];
      if (program_.pointers[p].shape != Pointer::Shape::vector) continue;
      char* own = vectors_ + i * layout_.vectors;
      RowReader(*binding_.places[p], binding_.pointers[p], sizeof(T), 1).copy(column, columns, own);
      pointers[p] = own;
    }
  }

  /// Sets pointers and strides for the rows from `row` on. Returns for how many rows, at most `rows`, they hold.
  std::int64_t go_to(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, void** pointers,
                     std::int64_t* strides) {
    if (!layout_.any) return rows;
    const std::int64_t group = layout_.group(columns);
    row_ = row;
    for (std::size_t i = 0; i < analysis_.placed.size(); ++i) {
      const std::uint16_t p = analysis_.placed[i];
      if (program_.pointers[p].shape == Pointer::Shape::vector) continue;
      const RowReader reader(*binding_.places[p], binding_.pointers[p], sizeof(T), binding_.columns);
      const std::int64_t stride = PlacedLayout::stride(columns, sizeof(T));
      const RowsInMemory found = reader.rows(row, rows, group, column, columns, copies_ + i * layout_.copies, stride);
      pointers[p] = found.data;
      strides[p] = found.stride;
      rows = found.rows;
    }
    for (std::size_t i = 0; i < program_.loads.size(); ++i) {
      const Load& load = program_.loads[i];
      if (!load.placed) continue;
      const RowReader reader(*binding_.row_places[load.index], binding_.row_operands[load.index], sizeof(T), 1);
      loads_[i] = reader.rows(row, rows, group, 0, 1, numbers_ + i * layout_.numbers, sizeof(T));
      rows = loads_[i].rows;
    }
    return rows;
  }

  /// Copies the numbers of load i for `rows` of the rows that go_to() found.
  void load(std::size_t i, std::int64_t row, std::int64_t rows, T* to) const {
    const RowsInMemory& from = loads_[i];
    for (std::int64_t r = 0; r < rows; ++r)
      to[r] = *reinterpret_cast<const T*>(from.data + (row - row_ + r) * from.stride);
  }

 private:
  const Program& program_;
  const Analysis& analysis_;
  const Binding& binding_;
  const PlacedLayout& layout_;
  char *copies_, *vectors_, *numbers_;
  RowsInMemory* loads_;
  std::int64_t row_ = 0;  // the first of the rows that go_to() found
};

}  // namespace xgrad::fused
