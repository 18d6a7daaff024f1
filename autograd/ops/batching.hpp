#pragma once

// Helpers for batching rules.

#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/tape/examples.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

/// Input number i with the examples along the first axis; repeated if it is the same for all.
Tensor spread(const Examples& examples, std::size_t i);

/// Records the primitive on all inputs, spread.
template <class P>
Tensor record_spread(P primitive, const Examples& examples) {
  std::vector<Tensor> inputs;
  inputs.reserve(examples.inputs.size());
  for (std::size_t i = 0; i < examples.inputs.size(); ++i) inputs.push_back(spread(examples, i));
  return record(Location::current(), std::move(primitive), std::move(inputs));
}

/// The shape with an axis of this size in front.
Shape with_front(std::int64_t size, const Shape& shape);
/// The axes, counted with one more axis in front.
inline AxisSet behind_front(AxisSet axes) { return AxisSet(axes.mask() << 1); }

}  // namespace xgrad
