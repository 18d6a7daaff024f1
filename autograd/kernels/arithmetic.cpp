#include <algorithm>
#include <cmath>
#include <concepts>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/binary.hpp"
#include "autograd/kernels/map.hpp"
#include "autograd/kernels/scalar.hpp"

namespace xgrad::kernels {

namespace {

void check_whole(Instruction f, std::span<const std::int64_t> b, const Location& where) {
  if (f == Instruction::div)
    check<ValueError>(std::find(b.begin(), b.end(), 0) == b.end(), where, "div: integer division by zero");
  if (f == Instruction::pow)
    for (const std::int64_t exponent : b)
      check<ValueError>(exponent >= 0, where, "pow: int64 to the negative power ", exponent);
}

template <std::floating_point T>
bool apply(Instruction f, std::int64_t n, const T* a, const T* b, T* y) {
  switch (f) {
#define XGRAD_MAP(name, form, cost) \
  case Instruction::name:           \
    return map([](T u, T v) { return static_cast<T>(scalar::name(u, v)); }, n, y, a, b), true;
    XGRAD_BINARY_INSTRUCTIONS(XGRAD_MAP)
#undef XGRAD_MAP
    default:
      return false;
  }
}
bool apply(Instruction f, std::int64_t n, const std::int64_t* a, const std::int64_t* b, std::int64_t* y) {
  using T = std::int64_t;
  switch (f) {
    case Instruction::add:
      return map([](T u, T v) { return scalar::add(u, v); }, n, y, a, b), true;
    case Instruction::sub:
      return map([](T u, T v) { return scalar::sub(u, v); }, n, y, a, b), true;
    case Instruction::mul:
      return map([](T u, T v) { return scalar::mul(u, v); }, n, y, a, b), true;
    case Instruction::div:
      return map([](T u, T v) { return scalar::div(u, v); }, n, y, a, b), true;
    case Instruction::pow:
      return map([](T u, T v) { return scalar::pow(u, v); }, n, y, a, b), true;
    case Instruction::maximum:
      return map([](T u, T v) { return scalar::maximum(u, v); }, n, y, a, b), true;
    case Instruction::minimum:
      return map([](T u, T v) { return scalar::minimum(u, v); }, n, y, a, b), true;
    default:
      return false;
  }
}
bool apply(Instruction, std::int64_t, const bool*, const bool*, bool*) { return false; }

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
    return apply(f, a.numel(), static_cast<const T*>(a.as<T>()), static_cast<const T*>(b.as<T>()), y.as<T>());
  });
}

}  // namespace xgrad::kernels
