#pragma once

// Activations that take something away from x.

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

Tensor tanhshrink(const Operand& x);  ///< x - tanh(x)

namespace detail {
struct Hardshrink {
  Tensor operator()(const Operand& x, double bound = 0.5) const;
};
struct Softshrink {
  Tensor operator()(const Operand& x, double bound = 0.5) const;
};
}  // namespace detail

/// hardshrink(x, bound = 0.5): x where |x| > bound, else 0, and so is its derivative. ValueError for a bound below 0.
inline constexpr detail::Hardshrink hardshrink;
/// softshrink(x, bound = 0.5): x - sign(x) bound where |x| > bound, else 0, and so is its derivative. ValueError for a
/// bound below 0.
inline constexpr detail::Softshrink softshrink;

}  // namespace xgrad
