#pragma once

// LaneFunctions over the lanes of one instruction set; included once for each, by a file that is compiled for it.

#include <utility>

#include "autograd/engine/math/lane_operations.hpp"
#include "autograd/engine/math/simd_lanes.hpp"

namespace xgrad::fused {
namespace {  // so that code of one instruction set is never linked in place of another's

template <LaneOperation op, class L, class R = typename L::R>
XGRAD_FORCE_INLINE R masked(L e, const typename L::T* a, const typename L::T* b, const typename L::T* c) {
  using O = LaneOperation;
  const typename L::M m = e.mask(L::load(a));
  const R x = L::load(b);
  // clang-format off
  if constexpr (op == O::mask_and) return e.from_mask(e.mask_and(m, e.mask(x)));
  else if constexpr (op == O::mask_or) return e.from_mask(e.mask_or(m, e.mask(x)));
  else if constexpr (op == O::mask_xor) return e.from_mask(e.mask_xor(m, e.mask(x)));
  else if constexpr (op == O::mask_not) return e.from_mask(e.mask_not(m));
  else if constexpr (op == O::select) return e.select(m, x, L::load(c));
  else if constexpr (op == O::keep) return e.keep(m, x);
  else { static_assert(op == O::call_where); return e.call_where(m, &doubled, x, L::load(c)); }
  // clang-format on
}

template <LaneOperation op, class L, class R = typename L::R>
XGRAD_FORCE_INLINE R computed(L e, R a, R b, R c, int n) {
  using O = LaneOperation;
  // clang-format off
  if constexpr (op == O::number) return e.number(n / 10.0);
  else if constexpr (op == O::bits) return e.bits(std::uint64_t{0x0123456789abcdef} << n);
  else if constexpr (op == O::copy) return a;
  else if constexpr (op == O::add) return e.add(a, b);
  else if constexpr (op == O::sub) return e.sub(a, b);
  else if constexpr (op == O::mul) return e.mul(a, b);
  else if constexpr (op == O::div) return e.div(a, b);
  else if constexpr (op == O::sqrt) return e.sqrt(a);
  else if constexpr (op == O::floor) return e.floor(a);
  else if constexpr (op == O::ceil) return e.ceil(a);
  else if constexpr (op == O::round) return e.round(a);
  else if constexpr (op == O::fma) return e.fma(a, b, c);
  else if constexpr (op == O::fms) return e.fms(a, b, c);
  else if constexpr (op == O::fnma) return e.fnma(a, b, c);
  else if constexpr (op == O::fma_once) return e.fma_once(a, b, c);
  else if constexpr (op == O::fms_once) return e.fms_once(a, b, c);
  else if constexpr (op == O::fnma_once) return e.fnma_once(a, b, c);
  else if constexpr (op == O::min) return e.min(a, b);
  else if constexpr (op == O::max) return e.max(a, b);
  else if constexpr (op == O::bit_and) return e.bit_and(a, b);
  else if constexpr (op == O::bit_or) return e.bit_or(a, b);
  else if constexpr (op == O::bit_xor) return e.bit_xor(a, b);
  else if constexpr (op == O::bit_clear) return e.bit_clear(a, b);
  else if constexpr (op == O::shift_left) return e.shift_left(a, n);
  else if constexpr (op == O::shift_right) return e.shift_right(a, n);
  else if constexpr (op == O::integer_add) return e.integer_add(a, b);
  else if constexpr (op == O::integer_sub) return e.integer_sub(a, b);
  else if constexpr (op == O::equal) return e.from_mask(e.equal(a, b));
  else if constexpr (op == O::not_equal) return e.from_mask(e.not_equal(a, b));
  else if constexpr (op == O::less) return e.from_mask(e.less(a, b));
  else if constexpr (op == O::less_equal) return e.from_mask(e.less_equal(a, b));
  else { static_assert(op == O::mask); return e.from_mask(e.mask(a)); }
  // clang-format on
}

template <LaneOperation op, class L>
void run_lanes(void* out, const void* first, const void* second, const void* third, int n) {
  using T = typename L::T;
  T* y = static_cast<T*>(out);
  const T *a = static_cast<const T*>(first), *b = static_cast<const T*>(second), *c = static_cast<const T*>(third);
  if constexpr (op == LaneOperation::broadcast) {
    L::store(y, typename L::R(*a));
  } else if constexpr (op == LaneOperation::load_part) {
    L::store(y, L::load_part(a, n));
  } else if constexpr (op == LaneOperation::store_part) {
    L::store(y, L::load(b));
    L::store_part(y, L::load(a), n);
  } else if constexpr (op == LaneOperation::widen) {
    L::store(y, load_double<L>(static_cast<const float*>(first)));
  } else if constexpr (op >= LaneOperation::mask_and) {
    L::store(y, masked<op>(L(), a, b, c));
  } else {
    L::store(y, computed<op>(L(), L::load(a), L::load(b), L::load(c), n));
  }
}

template <class T, class Architecture>
constexpr LaneFunctions make_lane_functions() {
  using L = LanesOf<T, Architecture>;
  LaneFunctions made{L::width, L::has_fma, {}};
  [&]<int... op>(std::integer_sequence<int, op...>) {
    const auto add = [&]<int operation>(std::integral_constant<int, operation>) {
      if constexpr (static_cast<LaneOperation>(operation) != LaneOperation::widen || sizeof(T) == 8)
        made.run[operation] = run_lanes<static_cast<LaneOperation>(operation), L>;
    };
    (add(std::integral_constant<int, op>()), ...);
  }
  (std::make_integer_sequence<int, lane_operations>());
  return made;
}

template <class Architecture>
const LaneFunctions* lanes_of(DType dtype) {
  static constexpr LaneFunctions single = make_lane_functions<float, Architecture>();
  static constexpr LaneFunctions twice = make_lane_functions<double, Architecture>();
  return dtype == float32 ? &single : &twice;
}

}  // namespace
}  // namespace xgrad::fused
