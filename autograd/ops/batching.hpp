#pragma once

// Helpers for batching rules.

#include <concepts>
#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/tape/examples.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

/// Input number i with the examples along the first axis; repeated if it is the same for all.
Tensor spread(const Examples& examples, std::size_t i);

namespace detail {
// For a primitive of any type; it is compiled once for all of them.
Tensor record_spread(const Primitive& primitive, bool bare, bool mergeable, const Examples& examples,
                     const Location& where);
}  // namespace detail

/// Records the primitive on all inputs, spread.
template <std::derived_from<Primitive> P>
Tensor record_spread(const P& primitive, const Examples& examples) {
  return detail::record_spread(primitive, sizeof(P) == sizeof(Primitive), P::mergeable, examples, Location::current());
}

/// The shape with an axis of this size in front.
Shape with_front(std::int64_t size, const Shape& shape);
/// The axes, counted with one more axis in front.
inline AxisSet behind_front(AxisSet axes) { return AxisSet(axes.mask() << 1); }

}  // namespace xgrad
