#pragma once

#include <cstddef>
#include <cstdint>

#include "autograd/core/dtype.hpp"

namespace xgrad::fused {

enum class InstructionSet : std::uint8_t;

/// A product C = A B for one thread, of matrices with any distances between their elements, except that one of C's
/// is 1. The order in which the terms of an element of C are added up follows from the depth and from the function
/// (Products::block or Products::lanes) alone, so the result does not depend on how C is cut into blocks or how its
/// operands lie:
///
/// - A chain adds some terms one after the other to 0, by fused multiply-add (unless `fuses` is false: then the
///   instruction set has none, and product and sum are rounded separately).
/// - A sum has deepest_sum terms of the depth, the last sum those that are left.
///   Products::block: chains of longest_chain terms that follow one another, added up in their order.
///   Products::lanes: one chain for each of 64 / sizeof(T) lanes, to which the terms are dealt in turn (lane l has the
///   terms l, l + lanes, ...); then lane l takes lane l + d, d being half of the lanes, a quarter, and so on, until
///   there is one.
/// - Several sums are added up in double, in groups of group_depth(depth) terms: a group in the order of its sums, then
///   the groups in theirs. What comes out is rounded to T.
///
/// So the error in float32 is that of little more than 64 additions, however deep a product is.
///
/// Where there is a D, which lies as C does, perhaps in the same memory, each sum s of products and the d of its place
/// become alpha s + d if beta is 1, else beta d + s, and alpha is 1: rounded after the multiplication and after the
/// addition.
///
/// Where B has offsets, its element (l, j) is element b_depths[l] + b_columns[j], and b_depth and b_column are 0. Where
/// A has, its element (i, l) is element a_rows[i] + a_depths[l]. Products::block takes no such A, and Products::lanes
/// neither (see lay_out.hpp).
///
/// Where there are totals, of `rows` rows that begin every `totals_row` elements, they get the sum of all the depth as
/// one group, in double, and there is no C.
struct Block {
  std::int64_t rows, columns, depth;
  const void* a;
  std::int64_t a_row, a_depth;
  const void* b;
  std::int64_t b_depth, b_column;
  void* c;
  std::int64_t c_row, c_column;
  const void* d = nullptr;
  double alpha = 1, beta = 1;
  double* totals = nullptr;
  std::int64_t totals_row = 0;
  const std::int64_t* b_depths = nullptr;
  const std::int64_t* b_columns = nullptr;
  const std::int64_t* a_rows = nullptr;
  const std::int64_t* a_depths = nullptr;
};

inline constexpr std::int64_t longest_chain = 64, deepest_sum = 1024, most_groups = 64;

/// The depth of a group; the last group may be shorter. There are at most most_groups.
constexpr std::int64_t group_depth(std::int64_t depth) {
  const std::int64_t sums = (depth + deepest_sum - 1) / deepest_sum;
  return (sums + most_groups - 1) / most_groups * deepest_sum;
}

/// Memory that a thread lends to a product, of these sizes, aligned to 64 bytes. `more` may be null, which costs time.
struct Scratch {
  static constexpr std::size_t kernel_bytes = 160 * 1024, least_bytes = kernel_bytes + 32 * 1024;
  static constexpr std::size_t packed_bytes = 256 * 1024, more_bytes = packed_bytes + 512 * 1024;
  void* least;
  void* more;
};

using BlockProduct = void (*)(const Block& block, const Scratch& scratch);

/// Offsets that follow one another: `count` of them, the first of which is offsets[first] = `offset`.
struct Run {
  std::int64_t first, count, offset;
};
/// to[i depth + l] = from[others[i] + depths[l]] for `count` others and all `depths`, which are `runs`.
using LayOut = void (*)(const void* from, const std::int64_t* others, std::int64_t count, const Run* runs,
                        std::int64_t run_count, std::int64_t depth, void* to);

/// The kernels of one instruction set.
struct Products {
  BlockProduct block, lanes;
  LayOut lay_out;
  bool fuses;
};

// For each instruction set; null pointers if the compiler does not have it.
Products generic_products(DType dtype);
Products avx2_products(DType dtype);
Products avx512_products(DType dtype);

Products products_of(InstructionSet set, DType dtype);

inline constexpr std::int64_t most_short_side = 12;

/// Whether a Gemm of these sizes adds up in lanes: where one side is short and the depth is long. Vectors along the
/// depth are added to the lanes as they lie; matrices that do not lie along it make lanes slower if they have few
/// terms.
constexpr bool adds_in_lanes(std::int64_t m, std::int64_t n, std::int64_t k) {
  const std::int64_t least = m < n ? m : n;
  return least <= most_short_side && k >= (least == 1 ? 32 : 192);
}

}  // namespace xgrad::fused
