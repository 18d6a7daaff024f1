#pragma once

// What a random program has left in memory, against what the plain way leaves.

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/autograd/engine/programs/random_program.hpp"

namespace xgrad::fused::testing {

/// How many of n numbers differ, or bytes behind them; a NaN is as good as another.
template <class T>
std::int64_t differences(const std::vector<char>& a, const std::vector<char>& b, std::size_t n) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < n; ++i) {
    T x, y;
    std::memcpy(&x, a.data() + i * sizeof(T), sizeof x);
    std::memcpy(&y, b.data() + i * sizeof(T), sizeof y);
    count += std::memcmp(&x, &y, sizeof x) != 0 && (x == x || y == y);
  }
  const auto behind = static_cast<std::ptrdiff_t>(n * sizeof(T));
  return count + !std::equal(a.begin() + behind, a.end(), b.begin() + behind, b.end());
}

/// Checks what a program has left in memory against the plain way.
template <class T>
void compare(const Program& program, const Memory& got, const Memory& wanted, const Plain<T>& plain, std::int64_t rows,
             std::int64_t columns) {
  // float32 is added up in groups of 16, which are added up in double; float64 one by one.
  const auto roundings = static_cast<long double>(sizeof(T) == 4 ? 16 : 16 + rows);
  for (std::size_t p = 0; p < program.pointers.size(); ++p) {
    const Pointer& pointer = program.pointers[p];
    INFO("pointer " << p);
    if (pointer.accumulator) {
      for (std::size_t j = 0; j < static_cast<std::size_t>(columns); ++j) {
        T x;
        std::memcpy(&x, got.pointers[p].data() + j * sizeof(T), sizeof x);
        const long double sum = plain.sums[p][j], size = plain.sizes[p][j];
        if (std::isfinite(size) && size < static_cast<long double>(std::numeric_limits<T>::max()) / 16)
          CHECK(std::abs(static_cast<long double>(x) - sum) <=
                roundings * static_cast<long double>(std::numeric_limits<T>::epsilon()) * size +
                    32 * static_cast<long double>(std::numeric_limits<T>::denorm_min()));
        else if (sum != sum)
          CHECK(x != x);
      }
    } else if (pointer.mask) {
      CHECK(got.pointers[p] == wanted.pointers[p]);
    } else if (pointer.shape == Pointer::Shape::full) {
      CHECK(differences<T>(got.pointers[p], wanted.pointers[p], static_cast<std::size_t>(rows * columns)) == 0);
    }
  }
  CHECK(differences<T>(got.rows[2], wanted.rows[2], static_cast<std::size_t>(rows)) == 0);
}

}  // namespace xgrad::fused::testing
