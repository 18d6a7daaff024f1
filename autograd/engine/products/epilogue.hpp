#pragma once

// Writes sums of products to C, for files that are compiled for one instruction set each (see block_kernel.hpp) and for
// others.

#include <cstdint>

#include "autograd/engine/products/block_product.hpp"

namespace xgrad::fused {

namespace {

/// Joins a sum and its addend, with the roundings that a row program would have.
template <class T>
[[gnu::always_inline]] inline T joined(T sum, T d, T alpha, T beta) {
  if (beta == T{1}) {
    const T scaled = alpha * sum;
    return d + scaled;
  }
  const T scaled = beta * d;
  return scaled + sum;
}

/// Writes the elements of C (some rows and columns of a block from here on): sum(i, j), with D where there is one.
template <class T, class Sum>
[[gnu::always_inline]] inline void write_sums(const Block& block, std::int64_t row, std::int64_t rows,
                                              std::int64_t column, std::int64_t columns, const Sum& sum) {
  const std::int64_t from = row * block.c_row + column * block.c_column;
  T* const c = static_cast<T*>(block.c) + from;
  const T* const d = block.d != nullptr ? static_cast<const T*>(block.d) + from : nullptr;
  const T alpha = static_cast<T>(block.alpha), beta = static_cast<T>(block.beta);
  const auto write = [&](const auto& value) __attribute__((always_inline)) {
    if (block.c_row == 1)
      for (std::int64_t j = 0; j < columns; ++j)
        for (std::int64_t i = 0; i < rows; ++i) c[i + j * block.c_column] = value(i, j, i + j * block.c_column);
    else
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < columns; ++j) {
          const std::int64_t place = i * block.c_row + j * block.c_column;
          c[place] = value(i, j, place);
        }
  };
  // What is the same for all elements is asked once, for the loops to be vectorised.
  if (d == nullptr)
    write([&](std::int64_t i, std::int64_t j, std::int64_t) { return sum(i, j); });
  else if (beta == T{1})
    write([&](std::int64_t i, std::int64_t j, std::int64_t at) { return joined<T>(sum(i, j), d[at], alpha, T{1}); });
  else
    write([&](std::int64_t i, std::int64_t j, std::int64_t at) { return joined<T>(sum(i, j), d[at], alpha, beta); });
}

}  // namespace

}  // namespace xgrad::fused
