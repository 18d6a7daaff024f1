#include <algorithm>
#include <cmath>
#include <concepts>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/map.hpp"
#include "autograd/kernels/wrap.hpp"

namespace xgrad::kernels {

namespace {

template <class T>
T negative(T x) {
  if constexpr (std::floating_point<T>) return -x;
  return wrapping_sub(T{}, x);
}

template <class T>
T magnitude(T x) {
  if constexpr (std::floating_point<T>) return std::abs(x);
  return x < 0 ? negative(x) : x;
}

template <class T>
T sign_of(T x) {
  if (x != x) return x;
  return static_cast<T>((x > 0) - (x < 0));
}

// exp(-x^2), with what the square loses in rounding.
template <class T>
T gaussian(T x) {
  const T size = std::min(std::abs(x), T(40)), square = size * size;  // of 40 it is 0
  return std::exp(-square) * (1 - std::fma(size, size, -square));
}

[[noreturn]] void unknown(const View& x) {
  fail<DTypeError>(Location::current(), "unary: there is no such function of ", x.dtype, " elements");
}

// What every number has.
template <class T>
bool number_function(Instruction f, std::int64_t n, const T* x, T* y) {
  switch (f) {
    case Instruction::neg:
      return map([](T v) { return negative(v); }, n, y, x), true;
    case Instruction::abs:
      return map([](T v) { return magnitude(v); }, n, y, x), true;
    case Instruction::sign:
      return map([](T v) { return sign_of(v); }, n, y, x), true;
    default:
      return false;
  }
}

template <std::floating_point T>
bool exponential(Instruction f, std::int64_t n, const T* x, T* y) {
  switch (f) {
    case Instruction::exp:
      return map([](T v) { return std::exp(v); }, n, y, x), true;
    case Instruction::log:
      return map([](T v) { return std::log(v); }, n, y, x), true;
    case Instruction::log2:
      return map([](T v) { return std::log2(v); }, n, y, x), true;
    case Instruction::log1p:
      return map([](T v) { return std::log1p(v); }, n, y, x), true;
    case Instruction::expm1:
      return map([](T v) { return std::expm1(v); }, n, y, x), true;
    case Instruction::sqrt:
      return map([](T v) { return std::sqrt(v); }, n, y, x), true;
    default:
      return false;
  }
}

template <std::floating_point T>
bool sigmoidal(Instruction f, std::int64_t n, const T* x, T* y) {
  switch (f) {
    case Instruction::sinh:
      return map([](T v) { return std::sinh(v); }, n, y, x), true;
    case Instruction::cosh:
      return map([](T v) { return std::cosh(v); }, n, y, x), true;
    case Instruction::tanh:
      return map([](T v) { return std::tanh(v); }, n, y, x), true;
    case Instruction::gaussian:
      return map([](T v) { return gaussian(v); }, n, y, x), true;
    case Instruction::erfc:
      return map([](T v) { return std::erfc(v); }, n, y, x), true;
    case Instruction::erf:
      return map([](T v) { return std::erf(v); }, n, y, x), true;
    default:
      return false;
  }
}

template <std::floating_point T>
bool trigonometric(Instruction f, std::int64_t n, const T* x, T* y) {
  switch (f) {
    case Instruction::sin:
      return map([](T v) { return std::sin(v); }, n, y, x), true;
    case Instruction::cos:
      return map([](T v) { return std::cos(v); }, n, y, x), true;
    case Instruction::tan:
      return map([](T v) { return std::tan(v); }, n, y, x), true;
    case Instruction::asin:
      return map([](T v) { return std::asin(v); }, n, y, x), true;
    case Instruction::acos:
      return map([](T v) { return std::acos(v); }, n, y, x), true;
    case Instruction::atan:
      return map([](T v) { return std::atan(v); }, n, y, x), true;
    default:
      return false;
  }
}

template <std::floating_point T>
bool rounding(Instruction f, std::int64_t n, const T* x, T* y) {
  switch (f) {
    case Instruction::floor:
      return map([](T v) { return std::floor(v); }, n, y, x), true;
    case Instruction::ceil:
      return map([](T v) { return std::ceil(v); }, n, y, x), true;
    case Instruction::round:
      return map([](T v) { return std::nearbyint(v); }, n, y, x), true;
    default:
      return false;
  }
}
bool rounding(Instruction f, std::int64_t n, const std::int64_t* x, std::int64_t* y) {
  if (f != Instruction::floor && f != Instruction::ceil && f != Instruction::round) return false;
  map([](std::int64_t v) { return v; }, n, y, x);
  return true;
}

template <class T>
bool apply(Instruction f, std::int64_t n, const T* x, T* y) {
  if constexpr (std::same_as<T, bool>) {
    if (f != Instruction::logical_not) return false;
    map([](bool v) { return !v; }, n, y, x);
    return true;
  } else {
    if (number_function(f, n, x, y) || rounding(f, n, x, y)) return true;
    if constexpr (std::floating_point<T>)
      return exponential(f, n, x, y) || sigmoidal(f, n, x, y) || trigonometric(f, n, x, y);
    return false;
  }
}

}  // namespace

void unary(Instruction f, const View& x, const View& y) {
  if (f == Instruction::cast) return cast(x, y);
  const bool known = dispatch(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    return apply<T>(f, x.numel(), x.as<T>(), y.as<T>());
  });
  if (!known) unknown(x);
}

}  // namespace xgrad::kernels
