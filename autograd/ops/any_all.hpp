#pragma once

// Whether a condition holds somewhere, or everywhere.

#include <concepts>
#include <type_traits>

#include "autograd/core/axes.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

namespace detail {
using Keep = std::remove_const_t<decltype(keep_dims)>;
}

/// Whether an element over the axes is true, or not 0 (NaN is not 0); false of nothing. bool.
Tensor any(const Operand& x, const Axes& axes = all_axes, detail::Keep keep = {});
/// Whether all elements over the axes are true, or not 0; true of nothing. bool.
Tensor all(const Operand& x, const Axes& axes = all_axes, detail::Keep keep = {});

// Over all axes, which stay.
template <std::same_as<detail::Keep> K>
Tensor any(const Operand& x, K keep) {
  return any(x, all_axes, keep);
}
template <std::same_as<detail::Keep> K>
Tensor all(const Operand& x, K keep) {
  return all(x, all_axes, keep);
}

}  // namespace xgrad
