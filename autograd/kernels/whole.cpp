// What division leaves, and the bits of whole numbers.

#include <algorithm>
#include <cmath>
#include <concepts>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/map.hpp"

namespace xgrad::kernels {

namespace {

template <class T>
T left_over(T a, T b) {
  if constexpr (std::floating_point<T>)
    return std::fmod(a, b);
  else
    return b == -1 ? 0 : a % b;  // the smallest int64 over -1 would trap
}

constexpr std::int64_t width = 64;

std::int64_t shifted_left(std::int64_t a, std::int64_t count) {
  return count < width ? static_cast<std::int64_t>(static_cast<std::uint64_t>(a) << count) : 0;
}
std::int64_t shifted_right(std::int64_t a, std::int64_t count) { return a >> std::min(count, width - 1); }

}  // namespace

void fmod(const View& a, const View& b, const View& y, const Location& where) {
  if (b.dtype == int64) {
    const auto divisors = b.span<std::int64_t>();
    check<ValueError>(std::ranges::find(divisors, 0) == divisors.end(), where, "fmod: integer division by zero");
  }
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::same_as<T, bool>)
      map([](T u, T v) { return left_over(u, v); }, y.numel(), y.as<T>(), a.as<const T>(), b.as<const T>());
  });
}

void bitwise(Bits f, const View& a, const View& b, const View& y, const Location& where) {
  using T = std::int64_t;
  const auto apply = [&](auto g) { map(g, y.numel(), y.as<T>(), a.as<const T>(), b.as<const T>()); };
  if (f == Bits::left || f == Bits::right)
    for (const T count : b.span<T>()) check<ValueError>(count >= 0, where, "shift by ", count, " bits");
  switch (f) {
    case Bits::both:
      return apply([](T u, T v) { return u & v; });
    case Bits::either:
      return apply([](T u, T v) { return u | v; });
    case Bits::one:
      return apply([](T u, T v) { return u ^ v; });
    case Bits::left:
      return apply(shifted_left);
    case Bits::right:
      return apply(shifted_right);
  }
}

}  // namespace xgrad::kernels
