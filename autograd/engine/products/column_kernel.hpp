#pragma once

// Products in lanes of matrices whose rows of B lie along the columns of C, for the files that are compiled for one
// instruction set each (see block_kernel.hpp).

#include <cstdint>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/math/simd_lanes.hpp"
#include "autograd/engine/products/block_product.hpp"
#include "autograd/engine/products/epilogue.hpp"

namespace xgrad::fused {

namespace {

/// C is computed in tiles of some rows and vectors of columns, one lane of the sums after the other (a few at a time if
/// registers are left). A lane takes its terms of the whole depth and is joined to earlier lanes as soon as their order
/// allows it, so that few of them wait. Arch: the instruction set; Rows: the most rows of C in a tile; Registers: how
/// many sums are in registers.
template <class T, class Arch, int Rows, int Registers>
class ColumnKernel {
 public:
  /// For b_column 1, and a depth of at most deepest_sum.
  static void run(const Block& block, const Scratch& scratch) {
    const ColumnKernel kernel(block);
    if (block.rows == 1 && block.columns >= least_wide && block.depth >= deepest_sum / 2)
      kernel.run_row(static_cast<T*>(scratch.least));
    else
      kernel.run_panels();
  }

 private:
  using Lanes = LanesOf<T, Arch>;
  using Batch = typename Lanes::R;
  static constexpr std::int64_t width = Batch::size;
  static constexpr int lanes = 64 / sizeof(T);  // of every sum, whatever the instruction set

  static constexpr std::int64_t least_wide = 2048 / sizeof(T), most_wide = 16384 / sizeof(T);  // columns of run_row
  static_assert(6 * most_wide * sizeof(T) <= Scratch::kernel_bytes);

  // How many sums a row has in registers: vectors of columns, or lanes.
  static constexpr int sums_of_row(int rows) {
    int sums = 1;
    while (2 * sums * rows <= Registers) sums *= 2;
    return sums;
  }

  explicit ColumnKernel(const Block& block) : block_(block) {}

  // A panel has as many vectors as there are registers for its largest tile.
  void run_panels() const {
    const std::int64_t tiles = (block_.rows + Rows - 1) / Rows;
    const std::int64_t most = sums_of_row(static_cast<int>((block_.rows + tiles - 1) / tiles));
    for (std::int64_t j = 0, columns = 0; j < block_.columns; j += columns) {
      const std::int64_t left = block_.columns - j;
      std::int64_t vectors = most;
      while (vectors > 2 && vectors * width > left) vectors /= 2;
      if (left <= width) vectors = 1;
      columns = vectors * width < left ? vectors * width : left;
      for (std::int64_t tile = 0; tile < tiles; ++tile) {
        const std::int64_t i = block_.rows * tile / tiles;
        choose_rows<Rows>(i, block_.rows * (tile + 1) / tiles - i, j, vectors);
      }
    }
  }

  template <int Count>
  void choose_rows(std::int64_t i, std::int64_t rows, std::int64_t j, std::int64_t vectors) const {
    if constexpr (Count > 0) {
      if (rows == Count)
        choose_vectors<Count, sums_of_row(Count)>(i, j, vectors);
      else
        choose_rows<Count - 1>(i, rows, j, vectors);
    }
  }
  template <int M, int Count>
  void choose_vectors(std::int64_t i, std::int64_t j, std::int64_t vectors) const {
    if constexpr (Count > 1)
      if (vectors < Count) return choose_vectors<M, Count / 2>(i, j, vectors);
    if constexpr (Count <= 2)
      if (block_.columns - j < Count * width) return run_tile<M, Count, true>(i, j);
    run_tile<M, Count, false>(i, j);
  }

  // M rows, N vectors of columns and P lanes at a time.
  template <int M, int N, int P>
  struct Sums {
    Batch at[P][M][N];

    template <class Change>
    [[gnu::always_inline]] void each(const Change& change) {
#pragma GCC unroll 16
      for (int p = 0; p < P; ++p)
#pragma GCC unroll 8
        for (int i = 0; i < M; ++i)
#pragma GCC unroll 16
          for (int v = 0; v < N; ++v) change(at[p][i][v], ((p * M + i) * N + v) * width);
    }
  };

  // Part: the last vector of columns has not all of its lanes.
  template <int M, int N, bool Part>
  [[gnu::noinline]] void run_tile(std::int64_t row, std::int64_t column) const {
    constexpr int P = sums_of_row(M) / N < lanes ? sums_of_row(M) / N : lanes, turns = lanes / P;
    alignas(64) T waiting[5][M * N * P * width];  // sums of a lane, of two, of four ...
    Sums<M, N, P> sums;
    for (int turn = 0; turn < turns; ++turn) {
      sums.each([](Batch& sum, std::int64_t) { sum = Batch(T{0}); });
      add_terms<M, N, P, Part>(
          sums, row, column,
          (planted("lanes of a product are added up in another order") ? turn : reversed(turn, turns)) * P);
      int level = 0;
      for (; turn >> level & 1; ++level)
        sums.each([&](Batch& sum, std::int64_t place) { sum = Batch::load_aligned(waiting[level] + place) + sum; });
      sums.each([&](Batch& sum, std::int64_t place) { sum.store_aligned(waiting[level] + place); });
    }
#pragma GCC unroll 4
    for (int half = P / 2; half > 0; half /= 2)
#pragma GCC unroll 8
      for (int p = 0; p < half; ++p)
#pragma GCC unroll 8
        for (int i = 0; i < M; ++i)
#pragma GCC unroll 16
          for (int v = 0; v < N; ++v) sums.at[p][i][v] = sums.at[p][i][v] + sums.at[p + half][i][v];
    finish<M, N, Part>(sums.at[0], row, column);
  }

  // `turn` with its bits in reverse order: lanes in this order can be joined soonest.
  static int reversed(int turn, int turns) {
    int result = 0;
    for (int bit = 1; bit < turns; bit *= 2) result = 2 * result + (turn / bit & 1);
    return result;
  }

  // Computes a single row of many columns: reads rows of B from end to end, four at a time, which suits memory best.
  // Scratch memory has the sums, first those of the present lane, then those that wait.
  void run_row(T* sums) const {
    for (std::int64_t j = 0; j < block_.columns; j += most_wide) {
      const std::int64_t left = block_.columns - j, columns = left < most_wide ? left : most_wide;
      T* result = sums;
      for (int turn = 0; turn < lanes; ++turn) {
        T* const waiting = sums + most_wide;
        T* const lane = turn % 2 == 0 ? waiting : sums;
        add_rows(lane, reversed(turn, lanes), j, columns);
        int level = 0;
        while (turn >> level & 1) ++level;
        result = waiting + level * most_wide;
        if (level > 0) join(result, sums, level, columns);
      }
      write_sums<T>(block_, 0, 1, j, columns, [&](std::int64_t, std::int64_t e) { return result[e]; });
    }
  }
  // Joins the sums of a lane with all that wait for them.
  static void join(T* result, const T* sums, int levels, std::int64_t columns) {
    for (std::int64_t e = 0; e < columns; e += width) {
      Batch sum = Batch::load_unaligned(sums + e);
      for (int level = 1; level <= levels; ++level) sum = Batch::load_unaligned(sums + level * most_wide + e) + sum;
      sum.store_unaligned(result + e);
    }
  }

  // Adds up the chain of a lane.
  void add_rows(T* sums, int lane, std::int64_t column, std::int64_t columns) const {
    const T* const a = static_cast<const T*>(block_.a);
    const T* const b = static_cast<const T*>(block_.b) + column;
    for (std::int64_t l = lane; l < block_.depth; l += 4 * lanes) {
      const std::int64_t terms = (block_.depth - l + lanes - 1) / lanes;
      const T *const from_a = a + l * block_.a_depth, *const from_b = b + l * block_.b_depth;
      const auto add = [&]<int Terms>(std::integral_constant<int, Terms>) {
        l == lane ? add_to_row<Terms, true>(sums, from_a, from_b, columns)
                  : add_to_row<Terms, false>(sums, from_a, from_b, columns);
      };
      if (terms >= 4)
        add(std::integral_constant<int, 4>());
      else if (terms == 3)
        add(std::integral_constant<int, 3>());
      else if (terms == 2)
        add(std::integral_constant<int, 2>());
      else
        add(std::integral_constant<int, 1>());
    }
  }
  // First says that there are no sums yet.
  template <int Terms, bool First>
  [[gnu::noinline]] void add_to_row(T* sums, const T* a, const T* b, std::int64_t columns) const {
    const std::int64_t step = lanes * block_.b_depth;
    Batch left[Terms];
#pragma GCC unroll 4
    for (int t = 0; t < Terms; ++t) left[t] = Batch(a[t * lanes * block_.a_depth]);
    std::int64_t e = 0;
#pragma GCC unroll 2
    for (; e + width <= columns; e += width) {
      Batch sum = First ? Batch(T{0}) : Batch::load_unaligned(sums + e);
#pragma GCC unroll 4
      for (int t = 0; t < Terms; ++t) sum = Lanes::fma(left[t], Batch::load_unaligned(b + t * step + e), sum);
      sum.store_unaligned(sums + e);
    }
    if (e == columns) return;
    Batch sum = First ? Batch(T{0}) : Batch::load_unaligned(sums + e);  // there is room behind the last one
#pragma GCC unroll 4
    for (int t = 0; t < Terms; ++t) sum = Lanes::fma(left[t], Lanes::load_part(b + t * step + e, columns - e), sum);
    sum.store_unaligned(sums + e);
  }

  template <int M, int N, int P, bool Part>
  [[gnu::always_inline]] void add_terms(Sums<M, N, P>& sums, std::int64_t row, std::int64_t column, int lane) const {
    const std::int64_t a_row = block_.a_row, a_depth = block_.a_depth, b_depth = block_.b_depth;
    const std::int64_t part = block_.columns - column - (N - 1) * width, whole = block_.depth / lanes,
                       rest = block_.depth % lanes;
    const T* a = static_cast<const T*>(block_.a) + row * a_row + lane * a_depth;
    const T* b = static_cast<const T*>(block_.b) + column + lane * b_depth;
    const auto add_term = [&](int p) __attribute__((always_inline)) {
      Batch right[N];
#pragma GCC unroll 16
      for (int v = 0; v < N; ++v)
        right[v] = Part && v == N - 1 ? Lanes::load_part(b + p * b_depth + v * width, part)
                                      : Batch::load_unaligned(b + p * b_depth + v * width);
#pragma GCC unroll 8
      for (int i = 0; i < M; ++i) {
        const Batch left(a[p * a_depth + i * a_row]);
#pragma GCC unroll 16
        for (int v = 0; v < N; ++v) sums.at[p][i][v] = Lanes::fma(left, right[v], sums.at[p][i][v]);
      }
    };
    for (std::int64_t q = 0; q < whole; ++q, a += lanes * a_depth, b += lanes * b_depth) {
#pragma GCC unroll 16
      for (int p = 0; p < P; ++p) add_term(p);
    }
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p)
      if (lane + p < rest) add_term(p);
  }

  template <int M, int N, bool Part>
  [[gnu::always_inline]] void finish(const Batch (&sums)[M][N], std::int64_t row, std::int64_t column) const {
    alignas(64) T tile[M * N * width];
#pragma GCC unroll 8
    for (int i = 0; i < M; ++i)
#pragma GCC unroll 16
      for (int v = 0; v < N; ++v) sums[i][v].store_aligned(tile + (i * N + v) * width);
    write_tile(tile, N * width, row, M, column, Part ? block_.columns - column : N * width);
  }
  // One function for all sizes of tiles: it takes as much code as the tile itself.
  [[gnu::noinline]] void write_tile(const T* tile, std::int64_t stride, std::int64_t row, std::int64_t rows,
                                    std::int64_t column, std::int64_t columns) const {
    write_sums<T>(block_, row, rows, column, columns,
                  [&](std::int64_t i, std::int64_t j) { return tile[i * stride + j]; });
  }

  const Block& block_;
};

}  // namespace

}  // namespace xgrad::fused
