#include "nn/activations/shrinkage.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/elementwise.hpp"
#include "nn/activations/input.hpp"

namespace xgrad {

using activation::floating;

namespace {

/// sign(x) (|x| - amount) where |x| > bound, else 0. Beyond the bound x itself is sign(x) |x|, whose derivative is NaN
/// at NaN.
Tensor shrunk(const Tensor& x, double bound, double amount) {
  const Tensor magnitude = abs(x);
  return where(magnitude <= bound, 0, sign(x) * (amount == 0 ? magnitude : magnitude - amount));
}

}  // namespace

Tensor tanhshrink(const Operand& x) {
  const CallScope scope("tanhshrink", x.where());
  const Tensor input = floating(x, "tanhshrink");
  return input - tanh(input);
}

Tensor detail::Hardshrink::operator()(const Operand& x, double bound) const {
  const CallScope scope("hardshrink", x.where());
  check<ValueError>(bound >= 0, x.where(), "hardshrink: bound = ", bound);
  return shrunk(floating(x, "hardshrink"), bound, 0);
}

Tensor detail::Softshrink::operator()(const Operand& x, double bound) const {
  const CallScope scope("softshrink", x.where());
  check<ValueError>(bound >= 0, x.where(), "softshrink: bound = ", bound);
  return shrunk(floating(x, "softshrink"), bound, bound);
}

}  // namespace xgrad
