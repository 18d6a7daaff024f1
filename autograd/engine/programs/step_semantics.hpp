#pragma once

// The steps of row programs over an emitter (see elementary.hpp).

#include "autograd/engine/math/power.hpp"
#include "autograd/engine/math/trigonometry.hpp"
#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// How many operands a step with this code has.
constexpr int arity(Code code) {
  if (code == Code::column) return 0;
  if (code == Code::select || code == Code::fma) return 3;
  if (code == Code::mask_not || code == Code::mask_to_number) return 1;
  if (code >= Code::add && code <= Code::mask_xor) return 2;
  return 1;
}
constexpr bool is_reduction(Code code) { return code >= Code::row_sum && code <= Code::row_prod; }
constexpr bool is_sink(Code code) { return code >= Code::row_sum; }
/// Whether the result is a mask.
constexpr bool is_mask(Code code) { return code >= Code::equal && code <= Code::mask_not; }

/// The result of a step that is no sink, no mask, and neither takes nor gives a mask.
template <Code code, class E, class R = typename E::R>
XGRAD_FORCE_INLINE R evaluate_number(E& e, R a, [[maybe_unused]] R b, [[maybe_unused]] R c) {
  // clang-format off
  if constexpr (code == Code::neg) return math::neg(e, a);
  else if constexpr (code == Code::exp) return math::exp(e, a);
  else if constexpr (code == Code::log) return math::log(e, a);
  else if constexpr (code == Code::log2) return math::log2(e, a);
  else if constexpr (code == Code::log1p) return math::log1p(e, a);
  else if constexpr (code == Code::expm1) return math::expm1(e, a);
  else if constexpr (code == Code::sqrt) return e.sqrt(a);
  else if constexpr (code == Code::sin) return math::sin(e, a);
  else if constexpr (code == Code::cos) return math::cos(e, a);
  else if constexpr (code == Code::tan) return math::tan(e, a);
  else if constexpr (code == Code::asin) return math::asin(e, a);
  else if constexpr (code == Code::acos) return math::acos(e, a);
  else if constexpr (code == Code::atan) return math::atan(e, a);
  else if constexpr (code == Code::sinh) return math::sinh(e, a);
  else if constexpr (code == Code::cosh) return math::cosh(e, a);
  else if constexpr (code == Code::tanh) return math::tanh(e, a);
  else if constexpr (code == Code::gaussian) return math::gaussian(e, a);
  else if constexpr (code == Code::erfc) return math::erfc(e, a);
  else if constexpr (code == Code::erf) return math::erf(e, a);
  else if constexpr (code == Code::abs) return math::abs(e, a);
  else if constexpr (code == Code::sign) return math::sign(e, a);
  else if constexpr (code == Code::floor) return e.floor(a);
  else if constexpr (code == Code::ceil) return e.ceil(a);
  else if constexpr (code == Code::round) return e.round(a);
  else if constexpr (code == Code::add) return e.add(a, b);
  else if constexpr (code == Code::sub) return e.sub(a, b);
  else if constexpr (code == Code::mul) return e.mul(a, b);
  else if constexpr (code == Code::div) return e.div(a, b);
  else if constexpr (code == Code::pow) return math::pow(e, a, b);
  else if constexpr (code == Code::atan2) return math::atan2(e, a, b);
  else if constexpr (code == Code::maximum) return math::maximum(e, a, b);
  else if constexpr (code == Code::minimum) return math::minimum(e, a, b);
  else if constexpr (code == Code::fma) return e.fma_once(a, b, c);
  else { static_assert(code == Code::copy); return a; }
  // clang-format on
}

/// A comparison of numbers.
template <Code code, class E, class R = typename E::R>
XGRAD_FORCE_INLINE typename E::M evaluate_comparison(E& e, R a, R b) {
  // clang-format off
  if constexpr (code == Code::equal) return e.equal(a, b);
  else if constexpr (code == Code::not_equal) return e.not_equal(a, b);
  else if constexpr (code == Code::less) return e.less(a, b);
  else if constexpr (code == Code::less_equal) return e.less_equal(a, b);
  else if constexpr (code == Code::greater) return e.less(b, a);
  else { static_assert(code == Code::greater_equal); return e.less_equal(b, a); }
  // clang-format on
}

}  // namespace xgrad::fused
