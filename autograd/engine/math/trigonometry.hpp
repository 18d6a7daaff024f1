#pragma once

// Functions of angles and their inverses, over an emitter (see emitter.hpp). Odd functions work on |x| and take the
// sign of x at the end, which keeps that of zero.

#include "autograd/engine/math/c_library.hpp"
#include "autograd/engine/math/elementary.hpp"

namespace xgrad::fused::math {

/// x = n pi / 2 + r with a whole n and |r| <= pi / 4 and a little, for 0 <= x <= turns_high. The first step is exact,
/// and where r is small the second is too.
template <class E>
XGRAD_FORCE_INLINE Reduced<E> reduce_turns(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const Lanes<E> shifted = e.fma(x, e.number(F::two_over_pi), e.number(F::shifter));
  const Lanes<E> n = e.sub(shifted, e.number(F::shifter));
  Lanes<E> r = e.fnma_once(n, e.number(F::pi_half[0]), x);
  r = e.fnma_once(n, e.number(F::pi_half[1]), r);
  return {shifted, e.fnma_once(n, e.number(F::pi_half[2]), r)};
}

/// Whether n is even, whose low bits are those of `shifted`.
template <class E>
XGRAD_FORCE_INLINE auto is_even(E& e, Lanes<E> shifted) {
  using F = Format<typename E::T>;
  return e.equal(e.bit_and(shifted, e.bits(F::whole | 1)), e.number(F::whole_number));
}

template <class E>
XGRAD_FORCE_INLINE auto is_too_large(E& e, Lanes<E> magnitude) {
  return e.less(e.number(Format<typename E::T>::turns_high), magnitude);
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> sine_reduced(E& e, Lanes<E> r) {
  return odd_polynomial(e, Format<typename E::T>::sine, r);
}
template <class E>
XGRAD_FORCE_INLINE Lanes<E> cosine_reduced(E& e, Lanes<E> r) {
  return polynomial(e, Format<typename E::T>::cosine, e.mul(r, r));
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> sin(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const Lanes<E> magnitude = abs(e, x);
  const auto [shifted, r] = reduce_turns(e, magnitude);
  const Lanes<E> y = e.select(is_even(e, shifted), sine_reduced(e, r), cosine_reduced(e, r));
  const Lanes<E> flip = e.bit_and(e.bit_xor(e.shift_left(shifted, F::bits - 2), x), sign_bit(e));
  return e.call_where(is_too_large(e, magnitude), library::sin, x, e.bit_xor(y, flip));
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> cos(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const Lanes<E> magnitude = abs(e, x);
  const auto [shifted, r] = reduce_turns(e, magnitude);
  const Lanes<E> y = e.select(is_even(e, shifted), cosine_reduced(e, r), sine_reduced(e, r));
  const Lanes<E> next = e.integer_add(shifted, e.bits(1));
  const Lanes<E> flip = e.bit_and(e.shift_left(next, F::bits - 2), sign_bit(e));
  return e.call_where(is_too_large(e, magnitude), library::cos, x, e.bit_xor(y, flip));
}

/// tan(r) = t + rest, and -1 / tan(r) a quarter of a turn further.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> tan(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const Lanes<E> one = e.number(1), magnitude = abs(e, x);
  const auto [shifted, r] = reduce_turns(e, magnitude);
  const Lanes<E> square = e.mul(r, r), series = e.mul(e.mul(r, square), polynomial(e, F::tangent, square));
  const Lanes<E> t = e.add(r, series), rest = e.add(e.sub(r, t), series), quotient = e.div(one, t);
  const Lanes<E> error = e.fnma(quotient, rest, e.fnma_once(quotient, t, one));
  const Lanes<E> y = e.select(is_even(e, shifted), t, e.fma(quotient, error, quotient));
  const Lanes<E> flip = e.bit_and(e.bit_xor(e.shift_left(shifted, F::bits - 1), x), sign_bit(e));
  return e.call_where(is_too_large(e, magnitude), library::tan, x, e.bit_xor(y, flip));
}

/// pi / 2 - x.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> complement(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  return e.sub(e.number(F::pi_half[0]), e.sub(x, e.number(F::pi_half[1])));
}

/// asin |x| = s + rest up to 1/2, and pi / 2 - 2 (s + rest) beyond.
template <class E>
struct Arcsine {
  typename E::M beyond;
  Lanes<E> s, rest;
};
template <class E>
XGRAD_FORCE_INLINE Arcsine<E> arcsine(E& e, Lanes<E> x) {
  const Lanes<E> half = e.number(0.5), magnitude = abs(e, x);
  const auto beyond = e.less(half, magnitude);
  const Lanes<E> inner = e.mul(magnitude, magnitude), outer = e.mul(half, e.sub(e.number(1), magnitude));
  const Lanes<E> square = e.select(beyond, outer, inner), s = e.select(beyond, e.sqrt(outer), magnitude);
  return {beyond, s, e.mul(e.mul(s, square), polynomial(e, Format<typename E::T>::arcsine, square))};
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> asin(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const auto [beyond, s, rest] = arcsine(e, x);
  const Lanes<E> high = e.sub(e.number(F::pi_half[0]), e.add(s, s));
  const Lanes<E> low = e.sub(e.add(rest, rest), e.number(F::pi_half[1]));
  return with_sign(e, e.select(beyond, e.sub(high, low), e.add(s, rest)), x);
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> acos(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const auto [beyond, s, rest] = arcsine(e, x);
  const Lanes<E> angle = e.add(s, rest), twice = e.add(angle, angle);
  const Lanes<E> supplement = e.sub(e.number(2 * F::pi_half[0]), e.sub(twice, e.number(2 * F::pi_half[1])));
  const Lanes<E> outer = e.select(e.less(x, e.number(0)), supplement, twice);
  return e.select(beyond, outer, complement(e, with_sign(e, angle, x)));
}

/// atan(t) for 0 <= t <= 1.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> arctangent(E& e, Lanes<E> t) {
  return odd_polynomial(e, Format<typename E::T>::arctangent, t);
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> atan(E& e, Lanes<E> x) {
  const Lanes<E> one = e.number(1), magnitude = abs(e, x);
  const Lanes<E> angle = arctangent(e, e.div(e.min(one, magnitude), e.max(one, magnitude)));
  return with_sign(e, e.select(e.less(one, magnitude), complement(e, angle), angle), x);
}

/// The angle from arctangent(smaller / larger coordinate), moved into its octant.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> atan2(E& e, Lanes<E> y, Lanes<E> x) {
  using F = Format<typename E::T>;
  const double infinity = std::numeric_limits<double>::infinity();
  const Lanes<E> one = e.number(1), height = abs(e, y), width = abs(e, x);
  const Lanes<E> small = minimum(e, height, width);
  // 0 / 0 is 0 here, and infinity / infinity is 1.
  const Lanes<E> large = e.max(e.number(std::numeric_limits<typename E::T>::denorm_min()), e.max(height, width));
  const Lanes<E> quotient = e.select(e.equal(small, e.number(infinity)), one, e.div(small, large));
  const Lanes<E> angle = arctangent(e, quotient);
  const auto steep = e.less(width, height), left = e.less(with_sign(e, one, x), e.number(0));
  const auto turned = [&](double quarter) XGRAD_LAMBDA_INLINE {
    return e.select(steep, e.number(quarter), e.keep(left, e.number(2 * quarter)));
  };
  const Lanes<E> signed_angle = e.select(e.mask_xor(steep, left), neg(e, angle), angle);
  const Lanes<E> z = e.add(turned(F::pi_half[0]), e.add(turned(F::pi_half[1]), signed_angle));
  return with_sign(e, z, y);
}

}  // namespace xgrad::fused::math
