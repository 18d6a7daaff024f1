#pragma once

// For .cpp files of kernels and of the engine: transposes matrices.

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace xgrad::kernels {

/// y[i][j] = x[j][i] for a square whose side is the width of a register, in registers.
template <class T>
struct Square {
  static constexpr std::int64_t side = 1;
  static void transpose(const T* x, std::int64_t, T* y, std::int64_t) { *y = *x; }
};
template <class T>
requires(sizeof(T) == 4) struct Square<T> {
  static constexpr std::int64_t side = 4;
  using Four [[gnu::vector_size(16)]] = std::int32_t;
  static void transpose(const T* x, std::int64_t x_step, T* y, std::int64_t y_step) {
    Four row[side];
    for (std::int64_t j = 0; j < side; ++j) std::memcpy(&row[j], x + j * x_step, sizeof(Four));
    const Four a = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5),
               b = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
    const Four c = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7),
               d = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    row[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    row[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    row[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    row[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
    for (std::int64_t i = 0; i < side; ++i) std::memcpy(y + i * y_step, &row[i], sizeof(Four));
  }
};
template <class T>
requires(sizeof(T) == 8) struct Square<T> {
  static constexpr std::int64_t side = 2;
  using Two [[gnu::vector_size(16)]] = std::int64_t;
  static void transpose(const T* x, std::int64_t x_step, T* y, std::int64_t y_step) {
    Two row[side];
    for (std::int64_t j = 0; j < side; ++j) std::memcpy(&row[j], x + j * x_step, sizeof(Two));
    const Two a = __builtin_shufflevector(row[0], row[1], 0, 2), b = __builtin_shufflevector(row[0], row[1], 1, 3);
    std::memcpy(y, &a, sizeof(Two));
    std::memcpy(y + y_step, &b, sizeof(Two));
  }
};

/// The most rows whose cache lines stay in the cache until all of them is used.
inline constexpr std::int64_t transposed_rows = 16;

/// y[i][j] = x[j][i] for some rows: i steps by 1 in x, j steps by 1 in y.
template <class T>
void transpose(const T* x, std::int64_t x_step, T* y, std::int64_t y_step, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t side = Square<T>::side;
  for (std::int64_t j0 = 0; j0 < columns; j0 += transposed_rows) {
    const std::int64_t end = std::min(columns, j0 + transposed_rows), i1 = rows / side * side,
                       j1 = j0 + (end - j0) / side * side;
    for (std::int64_t i = 0; i < i1; i += side)
      for (std::int64_t j = j0; j < j1; j += side)
        Square<T>::transpose(x + j * x_step + i, x_step, y + i * y_step + j, y_step);
    for (std::int64_t i = 0; i < i1; ++i)
      for (std::int64_t j = j1; j < end; ++j) y[i * y_step + j] = x[j * x_step + i];
    for (std::int64_t i = i1; i < rows; ++i)
      for (std::int64_t j = j0; j < end; ++j) y[i * y_step + j] = x[j * x_step + i];
  }
}

}  // namespace xgrad::kernels
