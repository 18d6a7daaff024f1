#include "data/narrow_float.hpp"

#include <bit>
#include <type_traits>

namespace xgrad::data {

namespace {

template <int exponent, int fraction>
struct Format {
  static constexpr int exponent_bits = exponent, fraction_bits = fraction;
  static constexpr int bias = (1 << (exponent - 1)) - 1;
  static constexpr std::uint64_t infinity = ((std::uint64_t{1} << exponent) - 1) << fraction;
};
using Half = Format<5, 10>;
using Bfloat = Format<8, 7>;
using Single = Format<8, 23>;
using Double = Format<11, 52>;

/// significand / 2^shift, rounded to nearest, ties to even.
constexpr std::uint64_t rounded_shift(std::uint64_t significand, int shift) {
  const std::uint64_t quotient = significand >> shift, rest = significand - (quotient << shift);
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  return quotient + (rest > half || (rest == half && (quotient & 1)) ? 1 : 0);
}

// In whole numbers throughout: conversions of the processor obey the caller's rounding and denormal modes, and would
// round a double twice.
template <class To, class From>
constexpr std::uint64_t narrow_magnitude(std::uint64_t magnitude) {
  constexpr int surplus = From::fraction_bits - To::fraction_bits;
  if (magnitude > From::infinity) {
    const std::uint64_t nan = To::infinity | (magnitude & ((std::uint64_t{1} << From::fraction_bits) - 1)) >> surplus;
    return nan == To::infinity ? nan + 1 : nan;  // what is left of the payload may be 0, which would be infinity
  }
  const int field = static_cast<int>(magnitude >> From::fraction_bits);
  const std::uint64_t fraction = magnitude & ((std::uint64_t{1} << From::fraction_bits) - 1);
  // value = significand * 2^(exponent - fraction_bits); of subnormal numbers the leading bit is 0.
  const int exponent = (field == 0 ? 1 : field) - From::bias;
  const std::uint64_t significand = field == 0 ? fraction : fraction | std::uint64_t{1} << From::fraction_bits;
  if (exponent > To::bias) return To::infinity;
  constexpr int smallest = 1 - To::bias;  // the exponent of the smallest normal number, and of all subnormal ones
  const int below = exponent < smallest ? smallest - exponent : 0;
  if (below > To::fraction_bits + 1) return 0;  // less than half the smallest subnormal number
  // The leading bit of the quotient adds 1 to the exponent field, and so does a carry, up to infinity.
  const std::uint64_t biased = static_cast<std::uint64_t>(below > 0 ? 0 : exponent + To::bias - 1);
  return (biased << To::fraction_bits) + rounded_shift(significand, surplus + below);
}

template <class To, class From, class Bits>
std::uint16_t narrow(Bits bits) {
  constexpr Bits sign_bit = Bits{1} << (8 * sizeof(Bits) - 1);
  const std::uint64_t magnitude = narrow_magnitude<To, From>(bits & ~sign_bit);
  return static_cast<std::uint16_t>(magnitude | (bits & sign_bit ? 0x8000u : 0u));
}

}  // namespace

std::uint16_t to_half(float value) { return narrow<Half, Single>(std::bit_cast<std::uint32_t>(value)); }
std::uint16_t to_half(double value) { return narrow<Half, Double>(std::bit_cast<std::uint64_t>(value)); }
std::uint16_t to_bfloat(float value) { return narrow<Bfloat, Single>(std::bit_cast<std::uint32_t>(value)); }
std::uint16_t to_bfloat(double value) { return narrow<Bfloat, Double>(std::bit_cast<std::uint64_t>(value)); }

float from_half(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000u) << 16, magnitude = bits & 0x7fffu;
  constexpr int surplus = Single::fraction_bits - Half::fraction_bits;
  if (magnitude >= Half::infinity)
    return std::bit_cast<float>(sign | std::uint32_t{Single::infinity} | (magnitude & 0x3ffu) << surplus);
  if (magnitude >= 0x400u)
    return std::bit_cast<float>(
        sign | ((magnitude << surplus) + (std::uint32_t{Single::bias - Half::bias} << Single::fraction_bits)));
  const float subnormal = static_cast<float>(magnitude) * 0x1p-24f;
  return sign ? -subnormal : subnormal;
}

float from_bfloat(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

}  // namespace xgrad::data
