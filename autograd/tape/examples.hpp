#pragma once

#include <cstdint>
#include <span>

#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// An operation that was recorded for one example, and its inputs for all of them: what `Primitive::batched` is given.
struct Examples {
  std::int64_t count;              ///< the number of examples
  std::span<const Tensor> inputs;  ///< mapped ones have the examples along an additional first axis
  std::span<const char> mapped;    ///< by input: whether it is mapped; others are the same for all examples
  const Tensor& one;               ///< what was recorded for one example

  /// The shape of the result: `count`, and that of one.
  Shape shape() const;
};

}  // namespace xgrad
