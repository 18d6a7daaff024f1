#pragma once

// x^y, over an emitter (see emitter.hpp).

#include "autograd/engine/math/elementary.hpp"

namespace xgrad::fused::math {

/// The number high + low, with nearly twice the digits.
template <class E>
struct Pair {
  Lanes<E> high, low;
};

template <class E>
XGRAD_FORCE_INLINE Pair<E> constant_pair(E& e, const double (&parts)[2]) {
  return {e.number(parts[0]), e.number(parts[1])};
}
/// a + b where |a| >= |b| or a is 0.
template <class E>
XGRAD_FORCE_INLINE Pair<E> sum(E& e, Lanes<E> a, Lanes<E> b) {
  const Lanes<E> high = e.add(a, b);
  return {high, e.add(e.sub(a, high), b)};
}
template <class E>
XGRAD_FORCE_INLINE Pair<E> product(E& e, Pair<E> a, Pair<E> b) {
  const Lanes<E> high = e.mul(a.high, b.high);
  return {high, e.fma(a.low, b.high, e.fma(a.high, b.low, e.fms_once(a.high, b.high, high)))};
}

/// log2(x) for a positive finite x = 2^exponent * m, as exponent + 2 / ln 2 * atanh(s) with s = (m - 1) / (m + 1).
template <class E>
XGRAD_FORCE_INLINE Pair<E> log2_pair(E& e, Lanes<E> x) {
  using F = Format<typename E::T>;
  const auto [exponent, m] = split_any(e, x);
  const Lanes<E> one = e.number(1), below = e.sub(m, one), above = e.add(m, one), lost = e.sub(m, e.sub(above, one));
  const Lanes<E> reciprocal = e.div(one, above), quotient = e.mul(below, reciprocal);
  const Lanes<E> rest = e.fnma(quotient, lost, e.fnma_once(quotient, above, below));
  const Pair<E> s{quotient, e.mul(rest, reciprocal)}, square = product(e, s, s);
  // atanh(s) = s (1 + series), series = s^2 / 3 + s^4 (1 / 5 + ...)
  const Pair<E> leading = product(e, square, constant_pair(e, F::third));
  const Lanes<E> others = e.mul(e.mul(square.high, square.high), polynomial(e, F::area_tangent, square.high));
  const auto [series_high, series_low] = sum(e, leading.high, others);
  const Pair<E> series{series_high, e.add(series_low, leading.low)};
  const Pair<E> first = product(e, s, constant_pair(e, F::two_over_ln2)), second = product(e, first, series);
  const Pair<E> with_first = sum(e, exponent, first.high), all = sum(e, with_first.high, second.high);
  return {all.high, e.add(e.add(with_first.low, all.low), e.add(first.low, second.low))};
}

/// 2^(y * logarithm), for a finite y.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> exp2_of_product(E& e, Lanes<E> y, Pair<E> logarithm) {
  using F = Format<typename E::T>;
  const Lanes<E> high = e.mul(y, logarithm.high);
  const Lanes<E> low = e.fma(y, logarithm.low, e.fms_once(y, logarithm.high, high));
  const Lanes<E> bounded = e.min(e.number(F::exp2_high), e.max(e.number(F::exp2_low), high));
  const Lanes<E> shifted = e.add(bounded, e.number(F::shifter));
  const Lanes<E> fraction = e.sub(bounded, e.sub(shifted, e.number(F::shifter)));
  // A number that was bounded has no low part; it may be infinite, or NaN.
  const Lanes<E> r = e.mul(e.add(fraction, e.keep(e.equal(bounded, high), low)), e.number(F::ln2));
  return times_power_of_two(e, e.add(e.number(1), expm1_reduced(e, r)), shifted);
}

/// |x|^y with the sign of x where y is odd; NaN where x < 0 is finite and y is not whole.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> pow(E& e, Lanes<E> x, Lanes<E> y) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double largest = std::numeric_limits<typename E::T>::max();
  const Lanes<E> zero = e.number(0), one = e.number(1), magnitude = abs(e, x);
  Pair<E> logarithm = log2_pair(e, magnitude);
  logarithm.high = log_of_special(e, magnitude, logarithm.high);
  // An infinite y gives what the largest number gives, which is even, too.
  const Lanes<E> finite = e.min(e.number(largest), e.max(e.number(-largest), y));
  Lanes<E> z = exp2_of_product(e, finite, logarithm);
  const Lanes<E> half = e.mul(finite, e.number(0.5));
  const auto fractional = e.not_equal(e.round(finite), finite);
  const auto odd = e.mask_and(e.not_equal(e.round(half), half), e.mask_not(fractional));
  z = e.bit_xor(z, e.keep(odd, e.bit_and(x, sign_bit(e))));
  const auto negative = e.mask_and(e.less(x, zero), e.less(e.number(-infinity), x));
  z = e.select(e.mask_and(negative, fractional), e.number(std::numeric_limits<double>::quiet_NaN()), z);
  return e.select(e.mask_or(e.equal(x, one), e.equal(y, zero)), one, z);
}

}  // namespace xgrad::fused::math
