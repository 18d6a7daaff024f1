#pragma once

// Packs a matrix transposed, for the files that are compiled for one instruction set each (see block_kernel.hpp).

#include <cstdint>

namespace xgrad::fused {

namespace {

// Interleaves floats or doubles: a0 b0 a1 b1 ...
template <class Row>
[[gnu::always_inline]] inline void interleave(const Row& a, const Row& b, Row& low, Row& high) {
  if constexpr (sizeof(a[0]) == 4) {
    low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    high = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  } else {
    low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  }
}

/// to[l * stride + j] = row(j)[l] for `rows` rows of `length` elements, and 0 from there to `stride`.
///
/// Squares of 8 x 8 floats or 4 x 4 doubles are transposed in registers, by three or two rounds of interleaving the
/// upper with the lower half of their rows.
template <class T, class RowAt>
void pack_transposed(const RowAt& row, std::int64_t rows, std::int64_t length, T* to, std::int64_t stride) {
  constexpr std::int64_t side = 32 / sizeof(T);
  typedef T Row __attribute__((vector_size(32)));
  const std::int64_t whole_rows = rows / side * side, whole_length = length / side * side;
  for (std::int64_t j = 0; j < whole_rows; j += side)
    for (std::int64_t l = 0; l < whole_length; l += side) {
      Row square[side], mixed[side];
#pragma GCC unroll 8
      for (std::int64_t i = 0; i < side; ++i) __builtin_memcpy(&square[i], row(j + i) + l, sizeof(Row));
#pragma GCC unroll 3
      for (std::int64_t round = 1; round < side; round *= 2) {
#pragma GCC unroll 4
        for (std::int64_t i = 0; i < side / 2; ++i)
          interleave(square[i], square[i + side / 2], mixed[2 * i], mixed[2 * i + 1]);
#pragma GCC unroll 8
        for (std::int64_t i = 0; i < side; ++i) square[i] = mixed[i];
      }
#pragma GCC unroll 8
      for (std::int64_t i = 0; i < side; ++i) __builtin_memcpy(to + (l + i) * stride + j, &square[i], sizeof(Row));
    }
  for (std::int64_t l = 0; l < length; ++l)
    for (std::int64_t j = l < whole_length ? whole_rows : 0; j < stride; ++j)
      to[l * stride + j] = j < rows ? row(j)[l] : T{0};
}

}  // namespace

}  // namespace xgrad::fused
