// Remainders, and bitwise operations of whole numbers.

#include <algorithm>
#include <cmath>
#include <concepts>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/map.hpp"

namespace xgrad::kernels {

namespace {

// std::fmod, but several times as fast if the quotient has few enough digits. The rounded quotient is at most 1 above
// the truncated one, and the remainder of its multiple of b is exact: in double for float32, by fma for double.
template <std::floating_point T>
T left_over(T a, T b) {
  constexpr bool narrow = sizeof(T) < sizeof(double);
  constexpr double most = narrow ? 0x1p29 : 0x1p52;
  const double x = a, y = b, quotient = x / y;
  if (!(std::abs(quotient) < most)) return std::fmod(a, b);
  const auto whole = static_cast<double>(static_cast<std::int64_t>(quotient));
  if (whole == 0) return a;
  double left = narrow ? x - whole * y : std::fma(-whole, y, x);
  if (left != 0 && (left < 0) != (x < 0)) left += (y < 0) != (x < 0) ? -y : y;
  return static_cast<T>(std::copysign(left, x));
}
std::int64_t left_over(std::int64_t a, std::int64_t b) {
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
