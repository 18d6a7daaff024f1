#pragma once

// For the kernels' own .cpp files: instructions as functions of one, two or three numbers, under their names in the
// table. Those that are not defined here are the C library's.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>

#include "autograd/kernels/wrap.hpp"

namespace xgrad::kernels::scalar {

using namespace std;

template <class T>
T neg(T x) {
  if constexpr (std::floating_point<T>) return -x;
  return wrapping_sub(T{}, x);
}
template <class T>
T abs(T x) {
  if constexpr (std::floating_point<T>) return std::abs(x);
  return x < 0 ? neg(x) : x;
}
template <class T>
T sign(T x) {
  if (x != x) return x;
  return static_cast<T>((x > 0) - (x < 0));
}
template <std::floating_point T>
T round(T x) {
  return std::nearbyint(x);
}
// exp(-x^2), corrected for the rounding of the square.
template <std::floating_point T>
T gaussian(T x) {
  const T size = std::min(std::abs(x), T(40)), square = size * size;  // exp(-40^2) is 0
  return std::exp(-square) * (1 - std::fma(size, size, -square));
}

template <class T>
T add(T a, T b) {
  return wrapping_add(a, b);
}
template <class T>
T sub(T a, T b) {
  return wrapping_sub(a, b);
}
template <class T>
T mul(T a, T b) {
  return wrapping_mul(a, b);
}
template <class T>
T div(T a, T b) {
  if constexpr (std::floating_point<T>) return a / b;
  return b == T{-1} ? neg(a) : a / b;  // the smallest int64 over -1 would trap
}
// By repeated squaring. Callers have refused negative exponents.
inline std::int64_t pow(std::int64_t a, std::int64_t b) {
  std::int64_t result = 1;
  for (; b > 0; b >>= 1) {
    if (b & 1) result = wrapping_mul(result, a);
    a = wrapping_mul(a, a);
  }
  return result;
}
template <std::floating_point T>
T pow(T a, T b) {
  return std::pow(a, b);
}
// NaN if either is: a NaN in b fails the comparison and is chosen.
template <class T>
T maximum(T a, T b) {
  return a > b || a != a ? a : b;
}
template <class T>
T minimum(T a, T b) {
  return a < b || a != a ? a : b;
}

template <class T>
bool equal(T a, T b) {
  return a == b;
}
template <class T>
bool not_equal(T a, T b) {
  return a != b;
}
template <class T>
bool less(T a, T b) {
  return a < b;
}
template <class T>
bool less_equal(T a, T b) {
  return a <= b;
}
template <class T>
bool greater(T a, T b) {
  return a > b;
}
template <class T>
bool greater_equal(T a, T b) {
  return a >= b;
}

inline bool logical_and(bool a, bool b) { return a && b; }
inline bool logical_or(bool a, bool b) { return a || b; }
inline bool logical_xor(bool a, bool b) { return a != b; }
inline bool logical_not(bool a) { return !a; }

}  // namespace xgrad::kernels::scalar
