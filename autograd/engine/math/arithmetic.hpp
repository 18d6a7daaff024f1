#pragma once

// The instructions that are exact, or rounded once, over an emitter (see emitter.hpp): each has the name that the table
// of autograd/core/instruction.hpp gives it.

#include "autograd/engine/math/coefficients.hpp"
#include "autograd/engine/math/emitter.hpp"

namespace xgrad::fused::math {

template <class E>
XGRAD_FORCE_INLINE Lanes<E> sign_bit(E& e) {
  return e.bits(Format<typename E::T>::sign);
}
template <class E>
XGRAD_FORCE_INLINE Lanes<E> neg(E& e, Lanes<E> x) {
  return e.bit_xor(x, sign_bit(e));
}
template <class E>
XGRAD_FORCE_INLINE Lanes<E> abs(E& e, Lanes<E> x) {
  return e.bit_clear(x, sign_bit(e));
}
/// y with the sign of x, for a y >= 0 or of the same sign.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> with_sign(E& e, Lanes<E> y, Lanes<E> x) {
  return e.bit_or(y, e.bit_and(x, sign_bit(e)));
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> sign(E& e, Lanes<E> x) {
  const Lanes<E> zero = e.number(0), one = e.number(1);
  const Lanes<E> y = e.sub(e.keep(e.less(zero, x), one), e.keep(e.less(x, zero), one));
  return e.select(e.not_equal(x, x), x, y);
}

/// The larger, b where they are equal; NaN if either is.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> maximum(E& e, Lanes<E> a, Lanes<E> b) {
  return e.select(e.not_equal(a, a), a, e.max(a, b));
}
template <class E>
XGRAD_FORCE_INLINE Lanes<E> minimum(E& e, Lanes<E> a, Lanes<E> b) {
  return e.select(e.not_equal(a, a), a, e.min(a, b));
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> copy(E&, Lanes<E> x) {
  return x;
}
template <class E>
XGRAD_FORCE_INLINE Lanes<E> sqrt(E& e, Lanes<E> x) {
  return e.sqrt(x);
}
template <class E>
XGRAD_FORCE_INLINE Lanes<E> floor(E& e, Lanes<E> x) {
  return e.floor(x);
}
template <class E>
XGRAD_FORCE_INLINE Lanes<E> ceil(E& e, Lanes<E> x) {
  return e.ceil(x);
}
/// The nearest whole number; of two, the even one.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> round(E& e, Lanes<E> x) {
  return e.round(x);
}
/// x without its fraction; trunc(-0.5) is -0.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> trunc(E& e, Lanes<E> x) {
  return with_sign(e, e.floor(abs(e, x)), x);
}

template <class E>
XGRAD_FORCE_INLINE Lanes<E> add(E& e, Lanes<E> a, Lanes<E> b) {
  return e.add(a, b);
}
template <class E>
XGRAD_FORCE_INLINE Lanes<E> sub(E& e, Lanes<E> a, Lanes<E> b) {
  return e.sub(a, b);
}
template <class E>
XGRAD_FORCE_INLINE Lanes<E> mul(E& e, Lanes<E> a, Lanes<E> b) {
  return e.mul(a, b);
}
template <class E>
XGRAD_FORCE_INLINE Lanes<E> div(E& e, Lanes<E> a, Lanes<E> b) {
  return e.div(a, b);
}
/// a b + c, rounded once on every processor.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> fma(E& e, Lanes<E> a, Lanes<E> b, Lanes<E> c) {
  return e.fma_once(a, b, c);
}

template <class E>
XGRAD_FORCE_INLINE typename E::M equal(E& e, Lanes<E> a, Lanes<E> b) {
  return e.equal(a, b);
}
template <class E>
XGRAD_FORCE_INLINE typename E::M not_equal(E& e, Lanes<E> a, Lanes<E> b) {
  return e.not_equal(a, b);
}
template <class E>
XGRAD_FORCE_INLINE typename E::M less(E& e, Lanes<E> a, Lanes<E> b) {
  return e.less(a, b);
}
template <class E>
XGRAD_FORCE_INLINE typename E::M less_equal(E& e, Lanes<E> a, Lanes<E> b) {
  return e.less_equal(a, b);
}
template <class E>
XGRAD_FORCE_INLINE typename E::M greater(E& e, Lanes<E> a, Lanes<E> b) {
  return e.less(b, a);
}
template <class E>
XGRAD_FORCE_INLINE typename E::M greater_equal(E& e, Lanes<E> a, Lanes<E> b) {
  return e.less_equal(b, a);
}

template <class E>
XGRAD_FORCE_INLINE typename E::M logical_and(E& e, typename E::M m, typename E::M n) {
  return e.mask_and(m, n);
}
template <class E>
XGRAD_FORCE_INLINE typename E::M logical_or(E& e, typename E::M m, typename E::M n) {
  return e.mask_or(m, n);
}
template <class E>
XGRAD_FORCE_INLINE typename E::M logical_xor(E& e, typename E::M m, typename E::M n) {
  return e.mask_xor(m, n);
}
template <class E>
XGRAD_FORCE_INLINE typename E::M logical_not(E& e, typename E::M m) {
  return e.mask_not(m);
}
/// 1 where the mask holds, else 0.
template <class E>
XGRAD_FORCE_INLINE Lanes<E> cast(E& e, typename E::M m) {
  return e.keep(m, e.number(1));
}
template <class E>
XGRAD_FORCE_INLINE Lanes<E> where(E& e, typename E::M m, Lanes<E> a, Lanes<E> b) {
  return e.select(m, a, b);
}

}  // namespace xgrad::fused::math
