#pragma once

// Packing the columns of a matrix that lies anywhere, for the files that are compiled for one instruction set each (see
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
        Batch elements = Lanes::load(row + runs[v].first);
        if (runs[v].length < width)
          elements = Lanes::select(runs[v].takes_second, Lanes::load(row + runs[v].second), elements);
        Lanes::store(to + v * last, elements);
      }
    }
  }

 private:
  // The runs of neighbours that a vector takes: lanes from `length` on are of the second. Each run is loaded as a whole
  // vector; as the second lies behind the first, no element before the first or behind the last is read.
  struct Runs {
    std::int64_t first, second, length;
    typename Lanes::M takes_second;
  };
  // False where there are more than two, or the second lies before the first.
  static bool find_runs(const std::int64_t* columns, Runs& runs) {
    runs.first = runs.second = columns[0];
    runs.length = 1;
    while (runs.length < width && columns[runs.length] == columns[0] + runs.length) ++runs.length;
    if (runs.length < width) runs.second = columns[runs.length] - runs.length;
    for (std::int64_t i = runs.length; i < width; ++i)
      if (columns[i] != runs.second + i) return false;
    T lanes[width];
    for (std::int64_t i = 0; i < width; ++i) lanes[i] = static_cast<T>(i);
    runs.takes_second = Lanes::less_equal(Batch(static_cast<T>(runs.length)), Lanes::load(lanes));
    return runs.second >= runs.first;
  }

  // Transposes as many rows at a time as follow one another.
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
