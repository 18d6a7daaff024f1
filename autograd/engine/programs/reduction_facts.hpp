#pragma once

// What each reduction along a row computes, for both tiers. PhaseKernel defines the order of sums and products, on
// which their bits depend.

#include <limits>

#include "autograd/engine/math/arithmetic.hpp"
#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// The operation of two numbers that a reduction repeats. Each is one instruction of the processor in machine code.
enum class Join : std::uint8_t { sum, product, larger, smaller };

struct ReductionFacts {
  Join join;
  double start;   // the result for no elements: the neutral element
  bool in_lanes;  // joined in reduction_lanes doubles, in a fixed order; else in the dtype and any order
  bool folds;     // several float32 of a lane are joined before they are widened
};

constexpr ReductionFacts reduction_facts(Code code) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  switch (code) {
    case Code::prod:
      return {Join::product, 1, true, false};
    case Code::max:
      return {Join::larger, -infinity, false, false};
    case Code::min:
      return {Join::smaller, infinity, false, false};
    default:
      return {Join::sum, 0, true, true};
  }
}

/// Joins a and b, lanes over an emitter or numbers. The larger and the smaller of two are NaN if either is.
template <Join join, class E, class R = typename E::R>
XGRAD_FORCE_INLINE R joined(E& e, R a, R b) {
  if constexpr (join == Join::sum) return math::add(e, a, b);
  if constexpr (join == Join::product) return math::mul(e, a, b);
  if constexpr (join == Join::larger) return math::maximum(e, a, b);
  if constexpr (join == Join::smaller) return math::minimum(e, a, b);
}
template <Join join, class T>
XGRAD_FORCE_INLINE T joined(T a, T b) {
  if constexpr (join == Join::sum) return a + b;
  if constexpr (join == Join::product) return a * b;
  if constexpr (join == Join::larger) return a > b || a != a ? a : b;
  if constexpr (join == Join::smaller) return a < b || a != a ? a : b;
}

}  // namespace xgrad::fused
