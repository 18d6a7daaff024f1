#pragma once

#include <cstddef>
#include <cstdint>

#include "autograd/core/dtype.hpp"

namespace xgrad::fused {

/// A product C = A B for one thread, of matrices with any distances between their elements, except that one of C's is
/// 1. Every element of C is summed up in the order of the depth, with fused multiply-add, so the result is the same
/// however a product is cut into blocks, and for every instruction set. Sums of more than deepest_sum terms are added
/// up from sums of so many.
///
/// Where there is a D, which lies as C does, perhaps in the same memory, and depth is at most deepest_sum, each sum s
/// and the d of its place become fma(alpha, s, d) if beta is 1, else fma(beta, d, s), and alpha is 1.
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
};

inline constexpr std::int64_t deepest_sum = 1024;

/// Memory that a thread lends to a BlockProduct, aligned to 64: of these sizes, or `more` is null, which only costs
/// time.
struct Scratch {
  static constexpr std::size_t least_bytes = 160 * 1024, more_bytes = 256 * 1024;
  void* least;
  void* more;
};

using BlockProduct = void (*)(const Block& block, const Scratch& scratch);

// One for each instruction set, where the compiler knows it; null otherwise.
BlockProduct avx2_product(DType dtype);
BlockProduct avx512_product(DType dtype);
BlockProduct avx2_dots(DType dtype);
BlockProduct avx512_dots(DType dtype);

/// The one for instruction_set(), or null.
BlockProduct block_product(DType dtype);

/// The same for matrices with a_depth and b_depth 1, where few rows or columns are not worth transposing the other
/// matrix. Every element is summed up in lanes of 64 bytes (element l of the depth in lane l modulo their number), with
/// fused multiply-add; then lane l takes lane l + d, d being half of the lanes, a quarter, and so on. So these results,
/// too, are the same for every cut and every instruction set.
BlockProduct block_dots(DType dtype);

}  // namespace xgrad::fused
