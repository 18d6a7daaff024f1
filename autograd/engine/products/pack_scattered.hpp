#pragma once

// Packs the columns of a matrix that has offsets, for the files that are compiled for one instruction set each (see
// block_kernel.hpp).

#include <cstdint>

#include "autograd/engine/math/simd_lanes.hpp"
#include "autograd/engine/products/pack_transposed.hpp"

namespace xgrad::fused {

namespace {

template <class T, class Arch>
class Scattered {
  using Lanes = LanesOf<T, Arch>;
  using Batch = typename Lanes::R;
  static constexpr std::int64_t width = Batch::size;

 public:
  /// to[l * Vectors * width + j] = from[depths[l] + columns[j]] for `count` columns: rows of so many vectors, the last
  /// of which ends with the last column and may overlap the one before. What is less than a vector is filled up with
  /// zeros.
  template <int Vectors>
  static void pack(const T* from, const std::int64_t* depths, std::int64_t depth, const std::int64_t* columns,
                   std::int64_t count, T* to) {
    const std::int64_t last = Vectors > 1 ? count - width : 0;
    Runs runs[Vectors];
    bool by_vectors = count >= width;
    for (int v = 0; v < Vectors; ++v) by_vectors = by_vectors && find_runs(columns + v * last, runs[v]);
    if (!by_vectors) return pack_runs_of_depth(from, depths, depth, columns, count, to, Vectors * width);
    for (std::int64_t l = 0; l < depth; ++l, to += Vectors * width) {
      const T* const row = from + depths[l];
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) {
        Batch elements = Lanes::load(row + runs[v].from[0]);
        for (int r = 1; r < runs[v].count; ++r)
          elements = Lanes::select(runs[v].takes[r], Lanes::load(row + runs[v].from[r]), elements);
        Lanes::store(to + v * last, elements);
      }
    }
  }

 private:
  // A vector of columns as a few runs of adjacent elements. Each run is loaded as a whole vector, and gives all lanes
  // from its first on, until the next run. No such vector begins before the one before it, so no element before the
  // first or behind the last is read.
  static constexpr int most_runs = 4;
  struct Runs {
    int count = 0;
    std::int64_t from[most_runs];
    typename Lanes::M takes[most_runs];
  };
  // Returns false if there are more runs, or one lies before the one before it.
  static bool find_runs(const std::int64_t* columns, Runs& runs) {
    T lanes[width];
    for (std::int64_t i = 0; i < width; ++i) lanes[i] = static_cast<T>(i);
    const Batch numbers = Lanes::load(lanes);
    for (std::int64_t i = 0; i < width; ++i) {
      if (i > 0 && columns[i] == columns[i - 1] + 1) continue;
      if (runs.count == most_runs || (i > 0 && columns[i] - i < runs.from[runs.count - 1])) return false;
      runs.from[runs.count] = columns[i] - i;
      runs.takes[runs.count++] = Lanes::less_equal(Batch(static_cast<T>(i)), numbers);
    }
    return true;
  }

  // Transposes as many rows at a time as are adjacent in memory.
  static void pack_runs_of_depth(const T* from, const std::int64_t* depths, std::int64_t depth,
                                 const std::int64_t* columns, std::int64_t count, T* to, std::int64_t stride) {
    for (std::int64_t l = 0, end = 0; l < depth; l = end) {
      for (end = l + 1; end < depth && depths[end] == depths[l] + (end - l);) ++end;
      const T* const row = from + depths[l];
      pack_transposed<T>([&](std::int64_t j) { return row + columns[j]; }, count, end - l, to + l * stride, stride);
    }
  }
};

}  // namespace

}  // namespace xgrad::fused
