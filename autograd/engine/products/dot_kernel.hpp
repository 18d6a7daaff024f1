#pragma once

// Products in lanes of matrices whose columns of B lie along the depth, for the files that are compiled for one
// instruction set each (see block_kernel.hpp).

#include <cstdint>

#include "autograd/engine/math/simd_lanes.hpp"
#include "autograd/engine/products/block_product.hpp"
#include "autograd/engine/products/epilogue.hpp"
#include "autograd/engine/products/pack_transposed.hpp"

namespace xgrad::fused {

namespace {

/// Every element of C is the dot product of a row of A and a column of B. A row that does not lie along the depth is
/// packed first. Arch: the instruction set; Rows, Columns: how many elements of C are in registers at a time.
template <class T, class Arch, int Rows, int Columns>
class DotKernel {
 public:
  /// For b_depth 1, and a depth of at most deepest_sum.
  static void run(const Block& block, const Scratch& scratch) {
    if (block.a_depth == 1) return DotKernel(block, static_cast<const T*>(block.a), block.a_row).run_tiles();
    T* const rows = static_cast<T*>(scratch.least);
    const std::int64_t row = (block.depth + lanes - 1) / lanes * lanes;
    const T* const a = static_cast<const T*>(block.a);
    pack_transposed<T>([&](std::int64_t l) { return a + l * block.a_depth; }, block.depth, block.rows, rows, row);
    DotKernel(block, rows, row).run_tiles();
  }

 private:
  using Lanes = LanesOf<T, Arch>;
  using Batch = typename Lanes::R;
  static constexpr std::int64_t width = Batch::size;
  static constexpr std::int64_t lanes = 64 / sizeof(T);  // of every sum, whatever the instruction set
  static constexpr int parts = static_cast<int>(lanes / width);
  static_assert(Columns <= 4 && most_short_side * deepest_sum * sizeof(T) <= Scratch::kernel_bytes);

  DotKernel(const Block& block, const T* a, std::int64_t a_row)
      : block_(block),
        a_(a),
        a_row_(a_row),
        b_(static_cast<const T*>(block.b)),
        c_(static_cast<T*>(block.c)),
        d_(static_cast<const T*>(block.d)),
        alpha_(static_cast<T>(block.alpha)),
        beta_(static_cast<T>(block.beta)) {}

  // Divides `whole` into even tiles of at most `most`, and returns where the tile at `begin` ends.
  static std::int64_t tile_end(std::int64_t begin, std::int64_t whole, std::int64_t most) {
    const std::int64_t tiles = (whole - begin + most - 1) / most;
    return begin + (whole - begin + tiles - 1) / tiles;
  }

  void run_tiles() const {
    const std::int64_t most_columns = block_.rows == 1 ? 4 : Columns;
    for (std::int64_t j = 0, next_j; j < block_.columns; j = next_j) {
      next_j = tile_end(j, block_.columns, most_columns);
      for (std::int64_t i = 0, next_i; i < block_.rows; i = next_i) {
        next_i = tile_end(i, block_.rows, Rows);
        choose_rows<Rows>(i, j, next_i - i, next_j - j);
      }
    }
  }

  template <int Count>
  void choose_rows(std::int64_t i, std::int64_t j, std::int64_t rows, std::int64_t columns) const {
    if constexpr (Count > 0) {
      if (rows == Count)
        choose_columns<Count, Count == 1 ? 4 : Columns>(i, j, columns);
      else
        choose_rows<Count - 1>(i, j, rows, columns);
    }
  }
  template <int M, int Count>
  void choose_columns(std::int64_t i, std::int64_t j, std::int64_t columns) const {
    if constexpr (Count > 0) {
      if (columns == Count)
        run_tile<M, Count>(i, j);
      else
        choose_columns<M, Count - 1>(i, j, columns);
    }
  }

  template <int M, int N>
  [[gnu::noinline]] void run_tile(std::int64_t row, std::int64_t column) const {
    const T* const a = a_ + row * a_row_;
    const T* const b = b_ + column * block_.b_column;
    const std::int64_t whole = block_.depth / lanes * lanes, rest = block_.depth - whole;
    Batch sums[M][N][parts];
    for (auto& of_row : sums)
      for (auto& of_element : of_row)
        for (Batch& sum : of_element) sum = Batch(T{0});
    for (std::int64_t l = 0; l < whole; l += lanes) add<M, N>(sums, a + l, a_row_, b + l, block_.b_column);
    if (rest > 0) {
      // Lanes without a term add -0, which changes nothing.
      alignas(64) T last_a[M * lanes], last_b[N * lanes] = {};
      for (T& element : last_a) element = -T{0};
      for (int i = 0; i < M; ++i)
        for (std::int64_t l = 0; l < rest; ++l) last_a[i * lanes + l] = a[i * a_row_ + whole + l];
      for (int j = 0; j < N; ++j)
        for (std::int64_t l = 0; l < rest; ++l) last_b[j * lanes + l] = b[j * block_.b_column + whole + l];
      add<M, N>(sums, last_a, lanes, last_b, lanes);
    }
#pragma GCC unroll 4
    for (int i = 0; i < M; ++i) {
      T results[4];
      add_lanes<N>(sums[i], results);
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) {
        const std::int64_t place = (row + i) * block_.c_row + (column + j) * block_.c_column;
        c_[place] = d_ != nullptr ? joined<T>(results[j], d_[place], alpha_, beta_) : results[j];
      }
    }
  }

  template <int M, int N>
  [[gnu::always_inline]] static void add(Batch (&sums)[M][N][parts], const T* a, std::int64_t a_row, const T* b,
                                         std::int64_t b_column) {
#pragma GCC unroll 2
    for (int p = 0; p < parts; ++p) {
      Batch right[N];
      if constexpr (M == 1)  // bound by reading memory
#pragma GCC unroll 4
        for (int j = 0; j < N && p == 0; ++j) __builtin_prefetch(b + j * b_column + 8 * lanes);
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) right[j] = Batch::load_unaligned(b + j * b_column + p * width);
#pragma GCC unroll 4
      for (int i = 0; i < M; ++i) {
        const Batch left = Batch::load_unaligned(a + i * a_row + p * width);
#pragma GCC unroll 4
        for (int j = 0; j < N; ++j) sums[i][j][p] = Lanes::fma(left, right[j], sums[i][j][p]);
      }
    }
  }

  // Lane l takes lane l + d, d being half of the lanes, then a quarter, until there is one.
  template <int N>
  [[gnu::always_inline]] static void add_lanes(const Batch (&sums)[N][parts], T (&results)[4]) {
    typedef T Quarter __attribute__((vector_size(16)));
    Quarter rest[4] = {};
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) {
      Quarter quarters[4];
      __builtin_memcpy(&quarters, &sums[j], sizeof quarters);
      rest[j] = (quarters[0] + quarters[2]) + (quarters[1] + quarters[3]);
    }
    if constexpr (sizeof(T) == 8) {
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) results[j] = rest[j][0] + rest[j][1];
    } else {
      // Puts the four sums side by side.
      const Quarter first =
          __builtin_shufflevector(rest[0], rest[1], 0, 4, 1, 5) + __builtin_shufflevector(rest[0], rest[1], 2, 6, 3, 7);
      const Quarter second =
          __builtin_shufflevector(rest[2], rest[3], 0, 4, 1, 5) + __builtin_shufflevector(rest[2], rest[3], 2, 6, 3, 7);
      const Quarter all =
          __builtin_shufflevector(first, second, 0, 1, 4, 5) + __builtin_shufflevector(first, second, 2, 3, 6, 7);
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) results[j] = all[j];
    }
  }

  const Block& block_;
  const T* const a_;
  const std::int64_t a_row_;
  const T* const b_;
  T* const c_;
  const T* const d_;
  const T alpha_, beta_;
};

}  // namespace

}  // namespace xgrad::fused
