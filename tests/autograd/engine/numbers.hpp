#pragma once

// Numbers of all classes.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "tests/autograd/engine/pick.hpp"

namespace xgrad::fused::testing {

template <class T>
using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// Zeros, denormals, the smallest and the largest, halves, whole numbers where those end that have a half, or a
/// neighbour, or fit into an integer; infinities, several NaN; all with both signs.
template <class T>
std::vector<T> special_numbers() {
  using Limits = std::numeric_limits<T>;
  const auto power = [](int n) { return std::ldexp(T{1}, n); };
  const T positive[] = {0,
                        Limits::denorm_min(),
                        3 * Limits::denorm_min(),
                        Limits::min() / 2,
                        Limits::min() - Limits::denorm_min(),
                        Limits::min(),
                        Limits::epsilon(),
                        T(0.25),
                        T(0.5) - Limits::epsilon() / 4,
                        T(0.5),
                        T(0.5) + Limits::epsilon(),
                        1,
                        1 + Limits::epsilon(),
                        T(1.5),
                        T(2.5),
                        T(3.5),
                        T(1000.1),
                        power(Limits::digits - 2) - T(0.5),
                        power(Limits::digits - 2) + T(0.5),
                        power(Limits::digits - 1) - T(0.5),
                        power(Limits::digits - 1) + 1,
                        power(Limits::digits) - 1,
                        power(Limits::digits) + 2,
                        power(31) - power(std::max(31 - Limits::digits, 0)),
                        power(31),
                        power(52),
                        power(63),
                        power(64),
                        Limits::max() / 2,
                        Limits::max(),
                        Limits::infinity(),
                        Limits::quiet_NaN(),
                        Limits::signaling_NaN(),
                        std::bit_cast<T>(static_cast<Word<T>>(std::bit_cast<Word<T>>(Limits::quiet_NaN()) + 77))};
  std::vector<T> all;
  for (const T x : positive) {
    all.push_back(x);
    all.push_back(std::bit_cast<T>(static_cast<Word<T>>(std::bit_cast<Word<T>>(x) ^ ~(~Word<T>{} >> 1))));
  }
  return all;
}

/// Of all classes, many of any bits, many of moderate size.
template <class T>
T any_number(std::mt19937_64& random) {
  static const std::vector<T> special = special_numbers<T>();
  const std::uint64_t bits = random();
  if (bits % 3 == 0) return special[bits / 3 % special.size()];
  if (bits % 3 == 1) return std::bit_cast<T>(static_cast<Word<T>>(random()));
  return static_cast<T>(xgrad::testing::normal(random, 4));
}

/// All bits or none.
template <class T>
T mask_of(bool holds) {
  return std::bit_cast<T>(holds ? static_cast<Word<T>>(~Word<T>{}) : Word<T>{});
}

}  // namespace xgrad::fused::testing
