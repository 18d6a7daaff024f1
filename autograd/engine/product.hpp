#pragma once

#include <cstddef>
#include <cstdint>

#include "autograd/core/dtype.hpp"

namespace xgrad::fused {

/// A product C = alpha * A B + beta * C for one thread, of matrices with any distances between their elements, except
/// that one of C's is 1. Every element of C is summed up in the order of the depth, with fused multiply-add, so the
/// result is the same however a product is cut into blocks, and for every instruction set.
struct Block {
  std::int64_t rows, columns, depth;
  const void* a;
  std::int64_t a_row, a_depth;
  const void* b;
  std::int64_t b_depth, b_column;
  void* c;
  std::int64_t c_row, c_column;
  double alpha, beta;
};

/// What a thread lends to a BlockProduct: this many bytes, aligned to 64.
inline constexpr std::size_t block_scratch = 160 * 1024;

using BlockProduct = void (*)(const Block& block, void* scratch);

// One for each instruction set, where the compiler knows it; null otherwise.
BlockProduct avx2_product(DType dtype);
BlockProduct avx512_product(DType dtype);

/// The one for instruction_set(), or null.
BlockProduct block_product(DType dtype);

}  // namespace xgrad::fused
