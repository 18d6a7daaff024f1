#pragma once

// The block product, for the files that are compiled for one instruction set each. Everything is in an unnamed
// namespace and calls nothing of the standard library, so that no code of these files is linked in place of other
// files' code.

#include <cstdint>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/math/simd_lanes.hpp"
#include "autograd/engine/products/block_product.hpp"
#include "autograd/engine/products/pack_scattered.hpp"
#include "autograd/engine/products/pack_transposed.hpp"

namespace xgrad::fused {

namespace {

constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

/// Arch: the instruction set; Rows: how many rows of C are in registers at a time.
///
/// C is computed in panels of two vectors of columns, a panel in groups of tiles of Rows rows, and a group in pieces of
/// the depth, so that a piece of B stays in the first-level cache for all tiles of the group; the sums so far are in
/// scratch memory.
template <class T, class Arch, int Rows>
class BlockKernel {
 public:
  /// For a depth of at most deepest_sum.
  static void run(const Block& block, const Scratch& scratch) {
    const bool packs = scratch.more != nullptr && is_worth_packing_a(block);
    const std::int64_t most = packs ? most_packed / block.depth : block.rows;
    for (std::int64_t i = 0; i < block.rows; i += most) {
      BlockKernel kernel(block, scratch, i, smaller(block.rows - i, most));
      if (packs) kernel.pack_a();
      kernel.run_panels();
    }
  }

 private:
  using Lanes = LanesOf<T, Arch>;
  using Batch = typename Lanes::R;
  static constexpr std::int64_t width = Batch::size;
  static constexpr std::int64_t panel_width = 2 * width;
  static constexpr std::int64_t group_tiles = 16;
  static constexpr std::int64_t most_packed = Scratch::packed_bytes / sizeof(T);  // of A
  static_assert(panel_width * (deepest_sum + Rows * group_tiles) * sizeof(T) <= Scratch::kernel_bytes);

  BlockKernel(const Block& block, const Scratch& scratch, std::int64_t row, std::int64_t rows)
      : block_(block),
        packed_b_(static_cast<T*>(scratch.least)),
        sums_(packed_b_ + panel_width * deepest_sum),
        packed_a_(static_cast<T*>(scratch.more)),
        a_(static_cast<const T*>(block.a) + row * block.a_row),
        b_(static_cast<const T*>(block.b)),
        c_(static_cast<T*>(block.c) + row * block.c_row),
        d_(block.d != nullptr ? static_cast<const T*>(block.d) + row * block.c_row : nullptr),
        rows_(rows),
        depth_(block.depth),
        tiles_((rows + Rows - 1) / Rows),
        fewest_(rows / tiles_),
        more_(rows % tiles_),
        alpha_(static_cast<T>(block.alpha)),
        beta_(static_cast<T>(block.beta)) {}

  // If rows of A do not lie along the depth, each step reads another cache line, and often another page.
  static bool is_worth_packing_a(const Block& block) {
    return block.a_row == 1 && block.a_depth != 1 && block.depth >= 32 && block.columns >= 8 * panel_width;
  }

  // Divides the rows evenly into tiles.
  std::int64_t tile_begin(std::int64_t tile) const { return tile * fewest_ + smaller(tile, more_); }
  std::int64_t tile_rows(std::int64_t tile) const { return fewest_ + (tile < more_ ? 1 : 0); }

  // Packs A tile by tile, with one row of a tile's elements for each l; a few tiles at a time, because they share
  // lines.
  void pack_a() {
    for (std::int64_t tile = 0, end = 0; tile < tiles_; tile = end) {
      end = smaller(tile + 4, tile < more_ ? more_ : tiles_);
      const std::int64_t rows = tile_rows(tile);
      if (rows == Rows)
        pack_tiles<Rows>(tile, end, rows);
      else if (rows == Rows - 1)
        pack_tiles<Rows - 1>(tile, end, rows);
      else
        pack_tiles<0>(tile, end, rows);
    }
    a_is_packed_ = true;
  }
  // Size is the number of rows, or 0 for any number.
  template <int Size>
  void pack_tiles(std::int64_t tile, std::int64_t end, std::int64_t rows) const {
    const T* from = a_ + tile_begin(tile);
    T* to = packed_a_ + tile_begin(tile) * depth_;
    const std::int64_t tiles = end - tile;
    for (std::int64_t l = 0; l < depth_; ++l, from += block_.a_depth, to += rows) {
      __builtin_prefetch(from + 12 * block_.a_depth);
      __builtin_prefetch(from + 12 * block_.a_depth + tiles * rows - 1);
      for (std::int64_t t = 0; t < tiles; ++t)
        if constexpr (Size > 0)
          __builtin_memcpy(to + t * rows * depth_, from + t * rows, Size * sizeof(T));
        else
          for (std::int64_t i = 0; i < rows; ++i) to[t * rows * depth_ + i] = from[t * rows + i];
    }
  }

  // The two vectors of a panel may overlap, so that only a narrow C has a panel narrower than a vector.
  void run_panels() {
    for (std::int64_t j = 0; j < block_.columns; j += columns_) {
      const std::int64_t left = block_.columns - j;
      columns_ = left > panel_width && left < panel_width + width ? width : smaller(left, panel_width);
      if (columns_ > width)
        run_groups<2>(j);
      else
        run_groups<1>(j);
    }
  }

  // Consecutive tiles with the same number of rows: what they read, and where their sums go.
  struct Tiles {
    std::int64_t count, depth;
    const T* a;
    std::int64_t a_row, a_depth, next_a;  // distances between rows, steps of the depth, and tiles
    const T* b;
    std::int64_t b_depth;
    T* sums;  // of the pieces so far, in scratch memory
    std::int64_t next_sums;
    bool first;            // whether this is the first piece, without sums so far
    T* c = nullptr;        // null unless this is the last piece
    const T* d = nullptr;  // the addend, or null
    std::int64_t c_row = 0, next_c = 0;
  };

  template <int Vectors>
  void run_groups(std::int64_t column) {
    const T* b = b_ + column * block_.b_column;
    std::int64_t b_depth = block_.b_depth;
    if (block_.b_column != 1 || columns_ < width || is_worth_packing_b()) {
      if (block_.b_columns != nullptr)
        Scattered<T, Arch>::template pack<Vectors>(b_, block_.b_depths, depth_, block_.b_columns + column, columns_,
                                                   packed_b_);
      else
        pack_b<Vectors>(b);
      b = packed_b_;
      b_depth = Vectors * width;
    }
    for (std::int64_t tile = 0; tile < tiles_; tile += group_tiles)
      run_group<Vectors>(column, b, b_depth, tile, smaller(tile + group_tiles, tiles_));
  }

  // Many tiles read the panel. Packed rows are faster for them, above all if the rows of B compete for the same sets of
  // the cache.
  bool is_worth_packing_b() const {
    const bool compete = block_.b_depth * static_cast<std::int64_t>(sizeof(T)) % 4096 == 0;
    return rows_ >= (sizeof(Batch) == 64 && !compete ? 512 : 48);
  }

  // The depth of a piece, in whole chains: 16 KB of B, or a few pages of A.
  std::int64_t deepest_piece() const {
    constexpr std::int64_t most = 16384 / (panel_width * static_cast<std::int64_t>(sizeof(T))) / longest_chain;
    return a_is_packed_ || block_.a_depth == 1 ? most : 1;
  }

  template <int Vectors>
  void run_group(std::int64_t column, const T* b, std::int64_t b_depth, std::int64_t begin, std::int64_t end) {
    const bool direct = columns_ >= width && block_.c_column == 1;
    const std::int64_t chains = (depth_ + longest_chain - 1) / longest_chain;
    const std::int64_t pieces = (chains + deepest_piece() - 1) / deepest_piece();
    for (std::int64_t piece = 0; piece < pieces; ++piece) {
      const std::int64_t l = chains * piece / pieces * longest_chain;
      const std::int64_t depth = smaller(chains * (piece + 1) / pieces * longest_chain, depth_) - l;
      const bool last = piece + 1 == pieces;
      if (begin == 0 && b == packed_b_) prefetch_later(column + columns_, l, depth, end);
      for (std::int64_t tile = begin, next = begin; tile < end; tile = next) {
        next = last && !direct ? tile + 1 : tile < more_ ? smaller(more_, end) : end;
        const std::int64_t rows = tile_rows(tile), i = tile_begin(tile);
        Tiles tiles = tiles_of_a(i, rows, l);
        tiles.count = next - tile;
        tiles.depth = depth;
        tiles.b = b + l * b_depth;
        tiles.b_depth = b_depth;
        tiles.sums = sums_ + (tile - begin) * sums_of_tile<Vectors>;
        tiles.next_sums = sums_of_tile<Vectors>;
        tiles.first = piece == 0;
        const std::int64_t place = i * block_.c_row + column * block_.c_column;
        if (!last)
          choose_tiles<Vectors, Rows>(rows, tiles);
        else if (direct)
          finish_tiles<Vectors>(rows, tiles, place);
        else
          finish_tile<Vectors>(rows, tiles, place);
      }
    }
  }

  template <int Vectors>
  static constexpr std::int64_t sums_of_tile = Rows* Vectors* width;

  Tiles tiles_of_a(std::int64_t i, std::int64_t rows, std::int64_t l) const {
    Tiles tiles{};
    tiles.a_row = a_is_packed_ ? 1 : block_.a_row;
    tiles.a_depth = a_is_packed_ ? rows : block_.a_depth;
    tiles.next_a = rows * (a_is_packed_ ? depth_ : block_.a_row);
    tiles.a = (a_is_packed_ ? packed_a_ + i * depth_ : a_ + i * block_.a_row) + l * tiles.a_depth;
    return tiles;
  }

  template <int Vectors>
  void finish_tiles(std::int64_t rows, Tiles& tiles, std::int64_t place) {
    tiles.c = c_ + place;
    if (d_ != nullptr) tiles.d = d_ + place;
    tiles.c_row = block_.c_row;
    tiles.next_c = rows * block_.c_row;
    choose_tiles<Vectors, Rows>(rows, tiles);
  }
  // Finishes one tile through scratch memory.
  template <int Vectors>
  void finish_tile(std::int64_t rows, Tiles& tiles, std::int64_t place) {
    constexpr std::int64_t stride = Vectors * width;
    alignas(64) T addend[Rows * stride];
    if (d_ != nullptr) {
      for (T& element : addend) element = 0;
      copy_tile(d_ + place, rows, addend, stride, [](const T& in_d, T& in_tile) { in_tile = in_d; });
      tiles.d = addend;
    }
    tiles.c = tiles.sums;
    tiles.c_row = stride;
    tiles.next_c = 0;
    choose_tiles<Vectors, Rows>(rows, tiles);
    copy_tile(c_ + place, rows, tiles.sums, stride, [](T& in_c, T& in_tile) { in_c = in_tile; });
  }

  // Prefetches the next panel of B, whose rows lie far apart, a few rows with each tile.
  void prefetch_later(std::int64_t column, std::int64_t l, std::int64_t depth, std::int64_t tiles) {
    if (block_.b_column != 1 || column >= block_.columns) return;
    later_ = b_ + column + l * block_.b_depth;
    later_rows_ = depth;
    with_each_tile_ = (depth + tiles - 1) / tiles;
  }
  void prefetch_rows() {
    const std::int64_t rows = smaller(with_each_tile_, later_rows_);
    later_rows_ -= rows;
    for (std::int64_t i = 0; i < rows; ++i, later_ += block_.b_depth) __builtin_prefetch(later_, 0, 2);
  }

  template <int Vectors, int Count>
  void choose_tiles(std::int64_t rows, const Tiles& tiles) {
    if constexpr (Count > 0) {
      if (rows == Count)
        run_tiles<Vectors, Count>(tiles);
      else
        choose_tiles<Vectors, Count - 1>(rows, tiles);
    }
  }

  template <int Vectors, int Count>
  [[gnu::noinline]] void run_tiles(Tiles tiles) {
    for (; tiles.count > 0; --tiles.count) {
      if (tiles.d != nullptr) prefetch<Vectors, Count>(tiles);
      if (later_rows_ > 0) prefetch_rows();
      const std::int64_t chain = planted("a chain of products is twice as long") ? 2 * longest_chain : longest_chain;
      for (std::int64_t l = 0; l < tiles.depth; l += chain) {
        const bool last = l + chain >= tiles.depth;
        run_chain<Vectors, Count>(tiles, l, last ? tiles.depth - l : chain, last ? tiles.c : nullptr);
      }
      tiles.a += tiles.next_a;
      tiles.sums += tiles.next_sums;
      if (tiles.c != nullptr) tiles.c += tiles.next_c;
      if (tiles.d != nullptr) tiles.d += tiles.next_c;
    }
  }

  // Adds one chain of a tile to its sums; with the last piece the results go to c.
  template <int Vectors, int Count>
  [[gnu::always_inline]] void run_chain(const Tiles& tiles, std::int64_t l, std::int64_t depth, T* c) const {
    const std::int64_t last = Vectors > 1 ? columns_ - width : 0;  // where the last vector begins
    Batch sums[Count][Vectors];
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) sums[i][v] = Batch(T{0});
    add_products<Vectors, Count>(sums, tiles, l, depth, last);
    if (l > 0 || !tiles.first || planted("a tile of a product goes on from the one before")) {
#pragma GCC unroll 16
      for (int i = 0; i < Count; ++i)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v)
          sums[i][v] = Batch::load_unaligned(tiles.sums + (i * Vectors + v) * width) + sums[i][v];
    }
    if (c == nullptr) {
#pragma GCC unroll 16
      for (int i = 0; i < Count; ++i)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) sums[i][v].store_unaligned(tiles.sums + (i * Vectors + v) * width);
      return;
    }
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i) {
      if (tiles.d != nullptr) join_row<Vectors>(sums[i], tiles.d + i * tiles.c_row, last);
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) sums[i][v].store_unaligned(c + i * tiles.c_row + v * last);
    }
  }

  template <int Vectors, int Count>
  [[gnu::always_inline]] static void add_products(Batch (&sums)[Count][Vectors], const Tiles& tiles, std::int64_t first,
                                                  std::int64_t depth, std::int64_t last) {
    const std::int64_t a_row = tiles.a_row, a_depth = tiles.a_depth, b_depth = tiles.b_depth;
    const T *a = tiles.a + first * a_depth, *b = tiles.b + first * b_depth;
#pragma GCC unroll 2
    for (std::int64_t l = 0; l < depth; ++l, a += a_depth, b += b_depth) {
      Batch right[Vectors];
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) right[v] = Batch::load_unaligned(b + v * last);
#pragma GCC unroll 16
      for (int i = 0; i < Count; ++i) {
        const Batch left(a[i * a_row]);
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) sums[i][v] = Lanes::fma(left, right[v], sums[i][v]);
      }
    }
  }

  template <int Vectors>
  [[gnu::always_inline]] void join_row(Batch (&sums)[Vectors], const T* row, std::int64_t last) const {
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) {
      const Batch d = Batch::load_unaligned(row + v * last);
      sums[v] = beta_ == 1 ? Batch(alpha_) * sums[v] + d : Batch(beta_) * d + sums[v];
    }
  }

  template <int Vectors, int Count>
  [[gnu::always_inline]] static void prefetch(const Tiles& tiles) {
    constexpr std::int64_t line = 64 / sizeof(T);
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i)
#pragma GCC unroll 2
      for (std::int64_t j = 0; j < Vectors * width; j += line) __builtin_prefetch(tiles.d + i * tiles.c_row + j);
  }

  // Copies between C or D and a tile whose rows are `stride` elements apart.
  template <class P, class Move>
  void copy_tile(P* c, std::int64_t rows, T* tile, std::int64_t stride, const Move& move) const {
    if (block_.c_row == 1) {
      for (std::int64_t j = 0; j < columns_; ++j)
        for (std::int64_t i = 0; i < rows; ++i) move(c[j * block_.c_column + i], tile[i * stride + j]);
    } else {
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < columns_; ++j)
          move(c[i * block_.c_row + j * block_.c_column], tile[i * stride + j]);
    }
  }

  // Packs a panel of B: one row of vectors for each l, with zeros where the panel is narrower than a vector.
  template <int Vectors>
  void pack_b(const T* from) {
    constexpr std::int64_t stride = Vectors * width;
    if (block_.b_depth == 1 && block_.b_column != 1)
      return pack_transposed<T>([&](std::int64_t j) { return from + j * block_.b_column; }, columns_, depth_, packed_b_,
                                stride);
    if (block_.b_column == 1 && columns_ >= width) return pack_rows<Vectors>(from);
    for (std::int64_t l = 0; l < depth_; ++l)
      for (std::int64_t j = 0; j < stride; ++j)
        packed_b_[l * stride + j] = j < columns_ ? from[l * block_.b_depth + j * block_.b_column] : T{0};
  }

  template <int Vectors>
  void pack_rows(const T* from) {
    const std::int64_t last = Vectors > 1 ? columns_ - width : 0, depth = depth_, step = block_.b_depth;
    T* to = packed_b_;
#pragma GCC unroll 4
    for (std::int64_t l = 0; l < depth; ++l, from += step, to += Vectors * width)
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) Batch::load_unaligned(from + v * last).store_unaligned(to + v * last);
  }

  const Block& block_;
  T* const packed_b_;
  T* const sums_;
  T* const packed_a_;
  const T* const a_;
  const T* const b_;
  T* const c_;
  const T* const d_;
  const std::int64_t rows_, depth_;
  const std::int64_t tiles_, fewest_, more_;  // tiles of `fewest_` rows, the first `more_` of them with one more
  const T alpha_, beta_;
  bool a_is_packed_ = false;
  std::int64_t columns_ = 0;  // of the panel
  const T* later_ = nullptr;  // rows of the next panel
  std::int64_t later_rows_ = 0, with_each_tile_ = 0;
};

}  // namespace

}  // namespace xgrad::fused
