#pragma once

// The floating formats of 16 bits that files hold and Tensors do not.

#include <cstdint>

namespace xgrad::data {

/// IEEE 754 binary16 (1 sign, 5 exponent, 10 fraction bits), bit by bit: rounded to nearest, ties to even, whatever the
/// rounding mode. Magnitudes of 65520 and more become infinite, those below 2^-24 that are no nearer to it 0. NaN stays
/// NaN, with the upper bits of its payload.
std::uint16_t to_half(float value);
std::uint16_t to_half(double value);
float from_half(std::uint16_t bits);  ///< exact, NaN payloads included

/// bfloat16, the upper half of a float (1 sign, 8 exponent, 7 fraction bits), rounded in the same way. Infinite from
/// 2^128 (1 - 2^-9) on.
std::uint16_t to_bfloat(float value);
std::uint16_t to_bfloat(double value);
float from_bfloat(std::uint16_t bits);  ///< exact

}  // namespace xgrad::data
