#pragma once

#include <cstddef>
#include <cstdint>

#include "autograd/core/dtype.hpp"

namespace xgrad::fused {

enum class InstructionSet : std::uint8_t;

/// A product C = A B for one thread, of matrices with any distances between their elements, except that one of C's is
/// 1. The order in which the products a b of an element of C are added up follows from the depth and from the function
/// (Products::block or Products::lanes) alone, so the result is the same however C is cut into blocks and its operands
/// lie:
///
/// - A chain takes up some products one after the other, beginning with 0, by fused multiply-add (where the
///   instruction set has none, which `fuses` tells, product and sum are rounded one by one).
/// - A sum is that of deepest_sum terms of the depth, the last one of those that are left.
///   Products::block: chains of longest_chain terms that follow one another, added up in their order.
///   Products::lanes: one chain for each of 64 / sizeof(T) lanes, to which the terms are dealt in turn (lane l has the
///   terms l, l + lanes, ...); then lane l takes lane l + d, d being half of the lanes, a quarter, and so on, until
///   there is one.
/// - Several sums are added up in double, in groups of group_depth(depth) terms: a group in the order of its sums, then
///   the groups in theirs. What comes out is rounded to T.
///
/// So float32 has the errors of 64 additions and of few more, however deep a product is.
///
/// Where there is a D, which lies as C does, perhaps in the same memory, each sum s of products and the d of its place
/// become alpha s + d if beta is 1, else beta d + s, and alpha is 1: rounded after the multiplication and after the
/// addition.
///
/// Where B has offsets, its element (l, j) is element b_depths[l] + b_columns[j], and b_depth and b_column are 0.
/// Products::lanes takes no such B.
///
/// Where there are totals, of `rows` rows of `columns` elements, they get the sum of all the depth as one group, in
/// double, and there is no C.
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
  const std::int64_t* b_depths = nullptr;
  const std::int64_t* b_columns = nullptr;
};

inline constexpr std::int64_t longest_chain = 64, deepest_sum = 1024, most_groups = 64;

/// The depth of the groups, the last one but for what is left: there are at most most_groups.
constexpr std::int64_t group_depth(std::int64_t depth) {
  const std::int64_t sums = (depth + deepest_sum - 1) / deepest_sum;
  return (sums + most_groups - 1) / most_groups * deepest_sum;
}

/// Memory that a thread lends to a BlockProduct, aligned to 64: of these sizes, or `more` is null, which only costs
/// time.
struct Scratch {
  static constexpr std::size_t kernel_bytes = 160 * 1024, least_bytes = kernel_bytes + 32 * 1024;
  static constexpr std::size_t packed_bytes = 256 * 1024, more_bytes = packed_bytes + 512 * 1024;
  void* least;
  void* more;
};

using BlockProduct = void (*)(const Block& block, const Scratch& scratch);

/// The products of an instruction set.
struct Products {
  BlockProduct block, lanes;
  bool fuses;
};

// One for each instruction set, where the compiler knows it; null pointers otherwise.
Products generic_products(DType dtype);
Products avx2_products(DType dtype);
Products avx512_products(DType dtype);

Products products_of(InstructionSet set, DType dtype);

inline constexpr std::int64_t most_short_side = 12;

/// Which order the products of a Gemm have, by their sizes: lanes where one side is short and the depth long. Vectors
/// along the depth can be added to the lanes as they lie; where they do not lie along it, lanes cost some time if they
/// have few terms.
constexpr bool adds_in_lanes(std::int64_t m, std::int64_t n, std::int64_t k) {
  const std::int64_t least = m < n ? m : n;
  return least <= most_short_side && k >= (least == 1 ? 32 : 192);
}

}  // namespace xgrad::fused
