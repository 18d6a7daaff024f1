#pragma once

// The block product, for the files that are compiled for one instruction set each. Everything is in an unnamed
// namespace, and nothing of the standard library is called: what these files compile must not serve other files.

#include <cstdint>

#include "autograd/engine/lanes.hpp"
#include "autograd/engine/product.hpp"

namespace xgrad::fused {

namespace {

constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

/// Arch: the instruction set; Rows: how many rows of C are in registers at a time.
template <class T, class Arch, int Rows>
class BlockKernel {
 public:
  static void run(const Block& block, void* scratch) {
    for (std::int64_t l = 0; l < block.depth; l += deepest_sum)
      for (std::int64_t j = 0; j < block.columns; j += panel_width)
        BlockKernel(block, static_cast<T*>(scratch), l, j).run_panel();
  }

 private:
  using Lanes = LanesOf<T, Arch>;
  using Batch = typename Lanes::R;
  static constexpr std::int64_t width = Batch::size;
  static constexpr std::int64_t panel_width = 2 * width;
  static_assert(panel_width * (deepest_sum + Rows) * sizeof(T) <= block_scratch);

  /// A panel: some columns of B and of C, at some depth.
  BlockKernel(const Block& block, T* scratch, std::int64_t depth_begin, std::int64_t column_begin)
      : block_(block),
        packed_(scratch),
        tile_(scratch + panel_width * deepest_sum),
        a_(static_cast<const T*>(block.a) + depth_begin * block.a_depth),
        b_(static_cast<const T*>(block.b) + depth_begin * block.b_depth + column_begin * block.b_column),
        c_(static_cast<T*>(block.c) + column_begin * block.c_column),
        d_(depth_begin > 0      ? c_
           : block.d != nullptr ? static_cast<const T*>(block.d) + column_begin * block.c_column
                                : nullptr),
        depth_(smaller(block.depth - depth_begin, deepest_sum)),
        columns_(smaller(block.columns - column_begin, panel_width)),
        alpha_(depth_begin == 0 ? static_cast<T>(block.alpha) : T{1}),
        beta_(depth_begin == 0 ? static_cast<T>(block.beta) : T{1}) {}

  void run_panel() {
    if (columns_ > width)
      run_tiles<2>();
    else
      run_tiles<1>();
  }

  // The rows in evenly sized tiles.
  template <int Vectors>
  void run_tiles() {
    const T* b = b_;
    std::int64_t b_depth = block_.b_depth;
    const bool whole = columns_ == Vectors * width;
    if (block_.b_column != 1 || !whole || is_worth_packing()) {
      pack(Vectors * width);
      b = packed_;
      b_depth = Vectors * width;
    }
    const std::int64_t tiles = (block_.rows + Rows - 1) / Rows, rows = block_.rows / tiles, more = block_.rows % tiles;
    for (std::int64_t i = 0, tile = 0; tile < tiles; ++tile) {
      const std::int64_t here = rows + (tile < more ? 1 : 0);
      const T* a = a_ + i * block_.a_row;
      T* c = c_ + i * block_.c_row;
      const T* d = d_ != nullptr ? d_ + i * block_.c_row : nullptr;
      if (whole && block_.c_column == 1) {
        choose_tile<Vectors, Rows>(here, a, b, b_depth, {c, d, block_.c_row});
      } else {
        constexpr std::int64_t stride = Vectors * width;
        if (d != nullptr) copy_tile(d, here, stride, [](const T& in_d, T& in_tile) { in_tile = in_d; });
        choose_tile<Vectors, Rows>(here, a, b, b_depth, {tile_, d != nullptr ? tile_ : nullptr, stride});
        copy_tile(c, here, stride, [](T& in_c, T& in_tile) { in_c = in_tile; });
      }
      i += here;
    }
  }

  // Many tiles read the panel. Rows that follow one another serve them better, above all if rows as they stand would
  // compete for the same places in the cache.
  bool is_worth_packing() const {
    const bool compete = block_.b_depth * static_cast<std::int64_t>(sizeof(T)) % 4096 == 0;
    return block_.rows >= (sizeof(Batch) == 64 && !compete ? 512 : 48);
  }

  // Where a tile of C goes, and what it is added to, if anything.
  struct Target {
    T* c;
    const T* d;
    std::int64_t row;
  };

  template <int Vectors, int Count>
  void choose_tile(std::int64_t rows, const T* a, const T* b, std::int64_t b_depth, const Target& to) const {
    if constexpr (Count > 0) {
      if (rows == Count)
        run_tile<Vectors, Count>(a, b, b_depth, to);
      else
        choose_tile<Vectors, Count - 1>(rows, a, b, b_depth, to);
    }
  }

  template <int Vectors, int Count>
  [[gnu::noinline]] void run_tile(const T* a, const T* b, std::int64_t b_depth, const Target& to) const {
    if (to.d != nullptr) prefetch<Vectors, Count>(to);
    const std::int64_t a_row = block_.a_row, a_depth = block_.a_depth;
    Batch sums[Count][Vectors];
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) sums[i][v] = Batch(T{0});
    for (std::int64_t l = 0; l < depth_; ++l) {
      Batch right[Vectors];
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) right[v] = Batch::load_unaligned(b + v * width);
#pragma GCC unroll 16
      for (int i = 0; i < Count; ++i) {
        const Batch left(a[i * a_row]);
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) sums[i][v] = Lanes::fma(left, right[v], sums[i][v]);
      }
      a += a_depth;
      b += b_depth;
    }
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) {
        const std::int64_t place = i * to.row + v * width;
        Batch result = sums[i][v];
        if (to.d != nullptr) {
          const Batch d = Batch::load_unaligned(to.d + place);
          result = beta_ == 1 ? Lanes::fma(Batch(alpha_), result, d) : Lanes::fma(Batch(beta_), d, result);
        }
        result.store_unaligned(to.c + place);
      }
  }

  template <int Vectors, int Count>
  [[gnu::always_inline]] static void prefetch(const Target& to) {
    constexpr std::int64_t line = 64 / sizeof(T);
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i)
#pragma GCC unroll 2
      for (std::int64_t j = 0; j < Vectors * width; j += line) __builtin_prefetch(to.d + i * to.row + j);
  }

  // Between C or D and the tile in scratch memory, whose rows have `stride` elements.
  template <class P, class Move>
  void copy_tile(P* c, std::int64_t rows, std::int64_t stride, const Move& move) const {
    if (block_.c_row == 1) {
      for (std::int64_t j = 0; j < columns_; ++j)
        for (std::int64_t i = 0; i < rows; ++i) move(c[j * block_.c_column + i], tile_[i * stride + j]);
    } else {
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < columns_; ++j)
          move(c[i * block_.c_row + j * block_.c_column], tile_[i * stride + j]);
    }
  }

  // The panel of B, one row of `stride` elements for each l, filled up with zeros.
  void pack(std::int64_t stride) {
    if (block_.b_depth == 1 && block_.b_column != 1) return pack_transposed(stride);
    for (std::int64_t l = 0; l < depth_; ++l) {
      const T* from = b_ + l * block_.b_depth;
      T* to = packed_ + l * stride;
      std::int64_t j = 0;
      if (block_.b_column == 1)
        for (; j + width <= columns_; j += width) Batch::load_unaligned(from + j).store_unaligned(to + j);
      for (; j < columns_; ++j) to[j] = from[j * block_.b_column];
      for (; j < stride; ++j) to[j] = 0;
    }
  }

  // Squares of 8 x 8 floats or 4 x 4 doubles are transposed in registers, by three or two rounds of interleaving the
  // upper with the lower half of their rows.
  void pack_transposed(std::int64_t stride) {
    constexpr std::int64_t side = 32 / sizeof(T);
    typedef T Row __attribute__((vector_size(32)));
    const std::int64_t whole_columns = columns_ / side * side, whole_depth = depth_ / side * side;
    for (std::int64_t j = 0; j < whole_columns; j += side)
      for (std::int64_t l = 0; l < whole_depth; l += side) {
        Row rows[side], mixed[side];
#pragma GCC unroll 8
        for (std::int64_t i = 0; i < side; ++i)
          __builtin_memcpy(&rows[i], b_ + (j + i) * block_.b_column + l, sizeof(Row));
#pragma GCC unroll 3
        for (std::int64_t round = 1; round < side; round *= 2) {
#pragma GCC unroll 4
          for (std::int64_t i = 0; i < side / 2; ++i)
            interleave(rows[i], rows[i + side / 2], mixed[2 * i], mixed[2 * i + 1]);
#pragma GCC unroll 8
          for (std::int64_t i = 0; i < side; ++i) rows[i] = mixed[i];
        }
#pragma GCC unroll 8
        for (std::int64_t i = 0; i < side; ++i) __builtin_memcpy(packed_ + (l + i) * stride + j, &rows[i], sizeof(Row));
      }
    for (std::int64_t l = 0; l < depth_; ++l)
      for (std::int64_t j = l < whole_depth ? whole_columns : 0; j < stride; ++j)
        packed_[l * stride + j] = j < columns_ ? b_[j * block_.b_column + l] : T{0};
  }

  // a0 b0 a1 b1 ...
  template <class Row>
  static void interleave(const Row& a, const Row& b, Row& low, Row& high) {
    if constexpr (sizeof(T) == 4) {
      low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
      high = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    } else {
      low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
      high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    }
  }

  const Block& block_;
  T* const packed_;
  T* const tile_;
  const T* const a_;
  const T* const b_;
  T* const c_;
  const T* const d_;
  const std::int64_t depth_, columns_;
  const T alpha_, beta_;
};

}  // namespace

}  // namespace xgrad::fused
