#pragma once

// math/: elementary functions, written once over any emitter; SIMD lanes as one.
//   in:  an emitter and its numbers.
//   out: numbers within 4 units in the last place.
//
// The elementary functions, written once over an emitter (see emitter.hpp).
//
// All are within 4 units in the last place (erfc within 5) of the exact value over the whole range, denormal results
// included, with signs of zero, infinities and NaN as the C library has them.

#include <cstdint>
#include <limits>

#include "autograd/engine/math/arithmetic.hpp"

namespace xgrad::fused::math {

/// coefficients[0] + x * (coefficients[1] + ...).
template <class E, int n>
XGRAD_FORCE_INLINE Lanes<E> polynomial(E& e, const double (&coefficients)[n], Lanes<E> x) {
  Lanes<E> y = e.number(coefficients[n - 1]);
#pragma GCC unroll 32
  for (int i = n - 2; i >= 0; --i) y = e.fma(y, x, e.number(coefficients[i]));
  return y;
}

/// x + x^3 P(x^2)
template <class E, int n>
XGRAD_FORCE_INLINE Lanes<E> odd_polynomial(E& e, const double (&coefficients)[n], Lanes<E> x) {
  const Lanes<E> square = e.mul(x, x);
  return e.fma(e.mul(x, square), polynomial(e, coefficients, square), x);
}

/// x = n ln 2 + r with a whole n and |r| <= ln 2 / 2. The low bits of `shifted` are those of n.
template <class E>
struct Reduced {
  Lanes<E> shifted, r;
};
template <class E>
XGRAD_FORCE_INLINE Reduced<E> reduce(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const Lanes<E> shifted = e.fma(x, e.number(F::log2_e), e.number(F::shifter));
  const Lanes<E> n = e.sub(shifted, e.number(F::shifter));
  const Lanes<E> r = e.fnma(n, e.number(F::ln2_high), x);
  return {shifted, e.fnma(n, e.number(F::ln2_low), r)};
}

/// 2^n times the number with the bits `one_bits`, where 2^n is normal.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> power_of_two(E& e, Lanes<E> shifted, std::uint64_t one_bits) {
  return e.integer_add(e.shift_left(shifted, Format<typename E::T>::digits), e.bits(one_bits));
}

/// y * 2^n, rounded once, for y near 1. The low bits of `shifted` are those of n.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> times_power_of_two(E& e, Lanes<E> y, Lanes<E> shifted) {
  using F = Format<typename E::T>;
  if constexpr (requires { e.scale(y, y); })
    if (e.can_scale()) return e.scale(y, e.sub(shifted, e.number(F::shifter)));
  // 2^n itself may overflow or underflow, so it is multiplied in two factors. The first product is exact.
  const Lanes<E> half = e.shift_right(shifted, 1);
  const Lanes<E> first = power_of_two(e, e.integer_sub(shifted, half), F::one);
  return e.mul(e.mul(y, first), power_of_two(e, half, F::one));
}

/// exp(r) - 1 for |r| <= ln 2 / 2.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> expm1_reduced(E& e, Lanes<E> r) {
  return e.fma(e.mul(r, r), polynomial(e, Format<typename E::T>::exponential, r), r);
}

/// exp(r) for |r| <= ln 2 / 2.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> exp_reduced(E& e, Lanes<E> r) {
  const Lanes<E> y = e.fma(polynomial(e, Format<typename E::T>::exponential, r), r, e.number(1));
  return e.fma(y, r, e.number(1));
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> exp(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const Lanes<E> bounded = e.min(e.number(F::exp_high), e.max(e.number(F::exp_low), x));
  const auto [shifted, r] = reduce(e, bounded);
  return times_power_of_two(e, exp_reduced(e, r), shifted);
}

/// |x|, but no more than what makes exp(-x^2) 0.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> gaussian_size(E& e, Lanes<E> x) {
  return e.min(e.number(Format<typename E::T>::gaussian_high), abs(e, x));
}
/// exp(-size^2), corrected for the rounding of the square, which matters where the square is large.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> gaussian_of_size(E& e, Lanes<E> size) {
  const Lanes<E> square = e.mul(size, size), lost = e.fms_once(size, size, square);
  const auto [shifted, r] = reduce(e, neg(e, square));
  return times_power_of_two(e, exp_reduced(e, e.sub(r, lost)), shifted);
}
template <class E>
XGRAD_FORCE_INLINE Lanes<E> gaussian(E& e, Lanes<E> x) {
  return gaussian_of_size(e, gaussian_size(e, x));
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> expm1(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const Lanes<E> bounded = e.min(e.number(F::exp_high), e.max(e.number(F::expm1_low), x));
  const auto [shifted, r] = reduce(e, bounded);
  // 2^(n - 1), because 2^n may overflow.
  const Lanes<E> scale = power_of_two(e, shifted, F::half);
  Lanes<E> y = e.fma(scale, expm1_reduced(e, r), e.sub(scale, e.number(0.5)));
  y = e.add(y, y);
  return e.select(e.less(abs(e, x), e.number(F::tiny)), x, y);
}

/// With m = (exp|x| - 1) / 4, which does not overflow before the result does, |sinh x| = 2 (m + m / (4 m + 1)).
template <class E>
XGRAD_FORCE_INLINE Lanes<E> sinh(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const Lanes<E> size = abs(e, x);
  const auto [shifted, r] = reduce(e, e.min(e.number(F::hyperbolic_high), size));
  const Lanes<E> scale = power_of_two(e, shifted, F::quarter);
  const Lanes<E> m = e.fma(scale, expm1_reduced(e, r), e.sub(scale, e.number(0.25)));
  const Lanes<E> half = e.add(m, e.div(m, e.fma(e.number(4), m, e.number(1))));
  return e.select(e.less(size, e.number(F::tiny)), x, with_sign(e, e.add(half, half), x));
}

/// With q = exp|x| / 4, cosh x = 2 (q + 1 / (16 q)).
template <class E>
XGRAD_FORCE_INLINE Lanes<E> cosh(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const auto [shifted, r] = reduce(e, e.min(e.number(F::hyperbolic_high), abs(e, x)));
  const Lanes<E> q = e.mul(power_of_two(e, shifted, F::quarter), exp_reduced(e, r));
  const Lanes<E> half = e.add(q, e.div(e.number(0.0625), q));
  return e.add(half, half);
}

/// With q = exp(-2|x|), |tanh x| = 1 - 2 q / (1 + q) for large x, so that 1 - y^2 in its derivative keeps its digits.
/// For small x it is (1 - q) / (1 + q), where 1 - q is exact.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> tanh(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const Lanes<E> size = abs(e, x), one = e.number(1);
  const auto [shifted, r] = reduce(e, e.max(e.number(F::expm1_low), e.mul(size, e.number(-2))));
  const Lanes<E> scale = power_of_two(e, shifted, F::one), p = expm1_reduced(e, r);
  const Lanes<E> q = e.fma(scale, p, scale), less_one = e.fma(scale, p, e.sub(scale, one));
  const auto large = e.less(e.number(0.55), size);
  const Lanes<E> quotient = e.div(e.select(large, e.add(q, q), less_one), e.add(q, one));
  // 1 - quotient for large x, else -quotient, which is positive.
  return with_sign(e, abs(e, e.sub(e.select(large, one, e.number(0)), quotient)), x);
}

/// A positive normal x = 2^exponent * mantissa with a mantissa between sqrt(1/2) and sqrt(2).
template <class E>
struct Split {
  Lanes<E> exponent, mantissa;
};
template <class E>
XGRAD_FORCE_INLINE Split<E> split(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const Lanes<E> i = e.integer_add(x, e.bits(F::one - F::sqrt_half));
  const Lanes<E> biased = e.bit_or(e.shift_right(i, F::digits), e.bits(F::whole));
  const Lanes<E> mantissa = e.integer_add(e.bit_and(i, e.bits(F::fraction)), e.bits(F::sqrt_half));
  return {e.sub(biased, e.number(F::whole_number + F::bias)), mantissa};
}

/// The same for any positive x, denormal ones included.
template <class E>
XGRAD_FORCE_INLINE Split<E> split_any(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const auto denormal = e.less(x, e.number(F::smallest_normal));
  const auto parts = split(e, e.select(denormal, e.mul(x, e.number(F::raise)), x));
  return {e.sub(parts.exponent, e.keep(denormal, e.number(F::raise_exponent))), parts.mantissa};
}

/// exponent * ln 2 + log(1 + f) + low, for a `low` that is tiny beside f or 1.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> log_reduced(E& e, Lanes<E> exponent, Lanes<E> f, Lanes<E> low) {
  using F = Format<typename E::T>;
  const Lanes<E> square = e.mul(f, f);
  if constexpr (F::digits == 23) {
    Lanes<E> y = e.fma(e.mul(f, square), polynomial(e, F::logarithm, f), low);
    y = e.fnma(e.number(0.5), square, y);
    return e.fma(exponent, e.number(F::ln2_high), e.add(f, y));
  } else {
    const Lanes<E> half_square = e.mul(e.number(0.5), square);
    const Lanes<E> s = e.div(f, e.add(e.number(2), f)), z = e.mul(s, s), w = e.mul(z, z);
    const Lanes<E> odd = e.mul(z, polynomial(e, F::logarithm_odd, w));
    const Lanes<E> series = e.fma(w, polynomial(e, F::logarithm_even, w), odd);
    const Lanes<E> y = e.sub(e.fma(s, e.add(half_square, series), low), half_square);
    return e.fma(exponent, e.number(F::ln2_high), e.add(f, y));
  }
}

/// y where x is a positive finite number, else the logarithm of x: NaN or an infinity.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> log_of_special(E& e, Lanes<E> x, Lanes<E> y) {
  const double infinity = std::numeric_limits<double>::infinity();
  y = e.select(e.less(x, e.number(infinity)), y, x);
  y = e.select(e.less(x, e.number(0)), e.number(std::numeric_limits<double>::quiet_NaN()), y);
  return e.select(e.equal(x, e.number(0)), e.number(-infinity), y);
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> log(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const auto [exponent, mantissa] = split_any(e, x);
  const Lanes<E> f = e.sub(mantissa, e.number(1));
  const Lanes<E> y = log_reduced(e, exponent, f, e.mul(exponent, e.number(F::ln2_low)));
  return log_of_special(e, x, y);
}

/// log2(x); exact for powers of two, whose mantissa is 1.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> log2(E& e, Lanes<E> x) {
  const Lanes<E> zero = e.number(0);
  const auto [exponent, mantissa] = split_any(e, x);
  const Lanes<E> natural = log_reduced(e, zero, e.sub(mantissa, e.number(1)), zero);
  return log_of_special(e, x, e.fma(natural, e.number(Format<typename E::T>::log2_e), exponent));
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> log1p(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const Lanes<E> one = e.number(1), u = e.add(one, x);
  const auto [exponent, mantissa] = split(e, u);
  // The rounding error of u = 1 + x, relative to u.
  const Lanes<E> taken = e.sub(u, one);
  const Lanes<E> lost = e.add(e.sub(one, e.sub(u, taken)), e.sub(x, taken));
  const auto near = e.equal(exponent, e.number(0));
  const Lanes<E> f = e.select(near, x, e.sub(mantissa, one));
  const Lanes<E> correction = e.select(near, e.number(0), e.div(lost, u));
  const Lanes<E> y = log_reduced(e, exponent, f, e.fma(exponent, e.number(F::ln2_low), correction));
  return log_of_special(e, u, with_sign(e, y, x));
}

/// erfc(x) for x >= 0 is exp(-x^2) t P(2 t - 1) with t = 1 / (1 + a x). 2 t - 1 is computed as 1 - 2 a x t, which keeps
/// its digits near 1, where P is steep.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> erfc_of_size(E& e, Lanes<E> size) {
  using F = Format<typename E::T>;
  const Lanes<E> one = e.number(1), t = e.div(one, e.fma(size, e.number(F::erfc_scale), one));
  const Lanes<E> q = e.fnma(e.mul(size, e.number(2 * F::erfc_scale)), t, one);
  return e.mul(gaussian_of_size(e, size), e.mul(t, polynomial(e, F::erfc, q)));
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> erfc(E& e, Lanes<E> x) {
  const Lanes<E> y = erfc_of_size(e, gaussian_size(e, x));
  return e.select(e.less(x, e.number(0)), e.sub(e.number(2), y), y);
}

/// erf(x): x + x P(x^2) for |x| <= 1, else 1 - erfc(x).
template <class E>
XGRAD_FORCE_INLINE Lanes<E> erf(E& e, Lanes<E> x) {
  const Lanes<E> size = gaussian_size(e, x), one = e.number(1);
  const Lanes<E> inner = e.fma(x, polynomial(e, Format<typename E::T>::erf_inner, e.mul(size, size)), x);
  const Lanes<E> outer = e.sub(one, erfc_of_size(e, size));
  return e.select(e.less(size, one), inner, with_sign(e, outer, x));
}

}  // namespace xgrad::fused::math
