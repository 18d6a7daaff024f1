#pragma once

#include <string>
#include <vector>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

/// The indices of element number `element`.
inline std::vector<std::int64_t> place_of(std::int64_t element, const Shape& shape) {
  std::vector<std::int64_t> place(static_cast<std::size_t>(shape.ndim()));
  for (std::int64_t axis = shape.ndim(); axis-- > 0; element /= shape[axis])
    place[static_cast<std::size_t>(axis)] = element % shape[axis];
  return place;
}

/// The same value as a leaf: without history, and untracked.
inline Tensor value_of(const Tensor& x, const Location& where) {
  evaluate(x, where);
  return make_leaf(x.shape(), x.dtype(), x.entry()->value, where);
}

}  // namespace xgrad
