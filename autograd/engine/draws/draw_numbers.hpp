#pragma once

// What becomes of the two 64-bit numbers of a block, over the lanes of one instruction set.

#include "autograd/engine/draws/draw_lanes.hpp"
#include "autograd/engine/math/trigonometry.hpp"

namespace xgrad::fused {
namespace {  // no code of one instruction set may be taken for that of another

/// sqrt(-2 log(1 - u)) for the fraction u in [0, 1) of a number.
template <class L, class R = typename L::R>
XGRAD_FORCE_INLINE R radius(typename L::Words bits) {
  L e;
  const R rest = L::sub(L::number(1), L::mul(L::leading_bits(bits), L::number(0x1p-53)));  // exact, and no denormal
  const auto [exponent, mantissa] = math::split(e, rest);
  const R low = L::mul(exponent, L::number(math::Format<double>::ln2_low));
  const R log = math::log_reduced(e, exponent, L::sub(mantissa, L::number(1)), low);
  return L::sqrt(L::mul(L::number(-2), log));
}

template <class L>
struct Point {
  typename L::R cosine, sine;
};
/// At the angle 2 pi u, which is n pi / 2 + r with whole n <= 4: the product of n and the first part of pi / 2 is
/// exact, and so is the difference.
template <class L, class R = typename L::R, class Words = typename L::Words>
XGRAD_FORCE_INLINE Point<L> on_circle(Words bits) {
  using F = math::Format<double>;
  L e;
  const R angle = L::mul(L::number(6.283185307179586), L::mul(L::leading_bits(bits), L::number(0x1p-53)));
  const R shifted = L::lanes((((bits >> 61) + Words(1)) >> 1) | Words(F::whole));
  const R n = L::sub(shifted, L::number(F::whole_number));
  const R near = L::sub(angle, L::mul(n, L::number(F::pi_half[0])));
  const R r = L::sub(near, L::mul(n, L::number(F::pi_half[1])));
  const R sine = math::sine_reduced(e, r), cosine = math::cosine_reduced(e, r);
  const auto even = math::is_even(e, shifted);
  const auto signed_by = [&](R turns, R x) XGRAD_LAMBDA_INLINE {
    return L::bit_xor(x, L::bit_and(L::shift_left(turns, F::bits - 2), math::sign_bit(e)));
  };
  return {signed_by(L::integer_add(shifted, L::bits(1)), L::select(even, cosine, sine)),
          signed_by(shifted, L::select(even, sine, cosine))};
}

/// floor(range * (first * 2^64 + second) / 2^128) for a range of 32 bits, in steps of which no sum overflows.
template <class L, class Words = typename L::Words>
XGRAD_FORCE_INLINE Words scaled(Words first, Words second, Words range) {
  Words carried = L::product(second, range) >> 32;
  carried = (L::product(second >> 32, range) + carried) >> 32;
  carried = (L::product(first, range) + carried) >> 32;
  return (L::product(first >> 32, range) + carried) >> 32;
}

}  // namespace
}  // namespace xgrad::fused
