#include <algorithm>
#include <cmath>
#include <concepts>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/binary.hpp"
#include "autograd/kernels/map.hpp"
#include "autograd/kernels/wrap.hpp"

namespace xgrad::kernels {

namespace {

template <class T>
T quotient(T a, T b) {
  if constexpr (std::floating_point<T>) return a / b;
  return b == T{-1} ? wrapping_sub(T{}, a) : a / b;  // the smallest int64 over -1 would trap
}

// For int64 by repeated squaring: exponents are not negative here.
template <class T>
T power(T a, T b) {
  if constexpr (std::floating_point<T>) {
    return std::pow(a, b);
  } else {
    T result = 1;
    for (; b > 0; b >>= 1) {
      if (b & 1) result = wrapping_mul(result, a);
      a = wrapping_mul(a, a);
    }
    return result;
  }
}

// NaN if either is: a NaN in b fails the comparison and is chosen.
template <class T>
T larger(T a, T b) {
  return a > b || a != a ? a : b;
}
template <class T>
T smaller(T a, T b) {
  return a < b || a != a ? a : b;
}

void check_whole(Instruction f, std::span<const std::int64_t> b, const Location& where) {
  if (f == Instruction::div)
    check<ValueError>(std::find(b.begin(), b.end(), 0) == b.end(), where, "div: integer division by zero");
  if (f == Instruction::pow)
    for (const std::int64_t exponent : b)
      check<ValueError>(exponent >= 0, where, "pow: int64 to the negative power ", exponent);
}

template <class T>
bool apply(Instruction f, std::int64_t n, const T* a, const T* b, T* y) {
  switch (f) {
    case Instruction::add:
      return map([](T u, T v) { return wrapping_add(u, v); }, n, y, a, b), true;
    case Instruction::sub:
      return map([](T u, T v) { return wrapping_sub(u, v); }, n, y, a, b), true;
    case Instruction::mul:
      return map([](T u, T v) { return wrapping_mul(u, v); }, n, y, a, b), true;
    case Instruction::div:
      return map([](T u, T v) { return quotient(u, v); }, n, y, a, b), true;
    case Instruction::pow:
      return map([](T u, T v) { return power(u, v); }, n, y, a, b), true;
    case Instruction::maximum:
      return map([](T u, T v) { return larger(u, v); }, n, y, a, b), true;
    case Instruction::minimum:
      return map([](T u, T v) { return smaller(u, v); }, n, y, a, b), true;
    default:
      break;
  }
  if constexpr (std::floating_point<T>)
    if (f == Instruction::atan2) return map([](T u, T v) { return std::atan2(u, v); }, n, y, a, b), true;
  return false;
}

}  // namespace

void fma(const View& a, const View& b, const View& c, const View& y) {
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::floating_point<T>)
      map([](T u, T v, T w) { return std::fma(u, v, w); }, y.numel(), y.as<T>(), a.as<const T>(), b.as<const T>(),
          c.as<const T>());
  });
}

bool arithmetic(Instruction f, const View& a, const View& b, const View& y, const Location& where) {
  if (y.dtype != a.dtype) return false;  // a comparison
  if (a.dtype == int64) check_whole(f, b.span<std::int64_t>(), where);
  return dispatch(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::same_as<T, bool>)
      return false;
    else
      return apply<T>(f, a.numel(), a.as<T>(), b.as<T>(), y.as<T>());
  });
}

}  // namespace xgrad::kernels
