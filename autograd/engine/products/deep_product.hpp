#pragma once

// Products whose depth is more than one sum, for the files that are compiled for one instruction set each (see
// block_kernel.hpp).

#include <cstddef>
#include <cstdint>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/products/block_product.hpp"
#include "autograd/engine/products/epilogue.hpp"

namespace xgrad::fused {

namespace {

/// Kernel::run computes products of a depth of at most deepest_sum. Deeper products take C in pieces and add up its
/// sums in scratch memory.
template <class T, class Kernel>
class DeepProduct {
 public:
  static void run(const Block& block, const Scratch& scratch) {
    if (block.depth <= deepest_sum && block.totals == nullptr) return Kernel::run(block, scratch);
    DeepProduct(block, scratch).run_pieces();
  }

 private:
  DeepProduct(const Block& block, const Scratch& scratch)
      : block_(block),
        scratch_(scratch),
        room_(room_bytes(scratch) / static_cast<std::int64_t>(2 * sizeof(double) + sizeof(T))),
        totals_(static_cast<double*>(memory(scratch))),
        group_(totals_ + room_),
        sums_(reinterpret_cast<T*>(group_ + room_)),
        group_depth_(block.totals != nullptr || planted("a deep sum has no groups") ? block.depth
                                                                                    : group_depth(block.depth)) {}

  static void* memory(const Scratch& scratch) {
    return scratch.more != nullptr ? static_cast<std::byte*>(scratch.more) + Scratch::packed_bytes
                                   : static_cast<std::byte*>(scratch.least) + Scratch::kernel_bytes;
  }
  static constexpr std::int64_t room_bytes(const Scratch& scratch) {
    return static_cast<std::int64_t>(scratch.more != nullptr ? Scratch::more_bytes - Scratch::packed_bytes
                                                             : Scratch::least_bytes - Scratch::kernel_bytes);
  }

  void run_pieces() {
    const std::int64_t narrow = scratch_.more != nullptr ? 128 : 32, wide = room_ / block_.rows / 32 * 32;
    // Columns along the depth that are read only once are read from end to end, a few at a time.
    const bool reads_once = block_.rows == 1 && block_.a_depth == 1 && block_.b_depth == 1;
    const std::int64_t most_columns = reads_once ? 4 : wide > narrow ? wide : narrow;
    const std::int64_t most_rows = room_ / (most_columns < block_.columns ? most_columns : block_.columns);
    for (std::int64_t j = 0; j < block_.columns; j += most_columns)
      for (std::int64_t i = 0; i < block_.rows; i += most_rows)
        run_piece(i, least(most_rows, block_.rows - i), j, least(most_columns, block_.columns - j));
  }

  void run_piece(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns) {
    Block piece{rows,  columns, 0, nullptr, block_.a_row, block_.a_depth, nullptr, block_.b_depth, block_.b_column,
                sums_, columns, 1};
    const T* const a = static_cast<const T*>(block_.a) + row * block_.a_row;
    const T* const b = static_cast<const T*>(block_.b) + column * block_.b_column;
    const std::int64_t count = rows * columns;
    for (std::int64_t group = 0; group < block_.depth; group += group_depth_) {
      const std::int64_t end = least(group + group_depth_, block_.depth);
      double* const to = group == 0 ? totals_ : group_;
      for (std::int64_t l = group; l < end; l += deepest_sum) {
        piece.depth = least(deepest_sum, end - l);
        piece.a = a + l * block_.a_depth;
        piece.b = b + l * block_.b_depth;
        if (block_.b_depths != nullptr) {
          piece.b_depths = block_.b_depths + l;
          piece.b_columns = block_.b_columns + column;
        }
        Kernel::run(piece, scratch_);
        add(to, sums_, count, l == (planted("a group of the depth goes on from the one before") ? 0 : group));
      }
      if (group > 0) add(totals_, group_, count, false);
    }
    if (block_.totals == nullptr)
      write_sums<T>(block_, row, rows, column, columns,
                    [&](std::int64_t i, std::int64_t j) { return static_cast<T>(totals_[i * columns + j]); });
    else
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < columns; ++j)
          block_.totals[(row + i) * block_.totals_row + column + j] = totals_[i * columns + j];
  }

  template <class From>
  static void add(double* totals, const From* sums, std::int64_t count, bool first) {
    if (first)
      for (std::int64_t e = 0; e < count; ++e) totals[e] = static_cast<double>(sums[e]);
    else
      for (std::int64_t e = 0; e < count; ++e) totals[e] += static_cast<double>(sums[e]);
  }

  static std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

  const Block& block_;
  const Scratch& scratch_;
  const std::int64_t room_;  // elements
  double *const totals_, *const group_;
  T* const sums_;
  const std::int64_t group_depth_;
};

}  // namespace

}  // namespace xgrad::fused
