#pragma once

#include <cstdint>
#include <span>

#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// An operation that was recorded for one example, and its inputs for all of them: what `Primitive::batched` is given.
struct Examples {
  std::int64_t count;              ///< how many there are
  std::span<const Tensor> inputs;  ///< those that are mapped have the examples along one more axis, in front
  std::span<const char> mapped;    ///< whether they are; the others are the same for all examples
  const Tensor& one;               ///< what was recorded for one example

  /// The shape of the result: `count`, and that of one.
  Shape shape() const;
};

}  // namespace xgrad
