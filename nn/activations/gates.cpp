#include "nn/activations/gates.hpp"

#include <cmath>
#include <numbers>

#include "autograd/core/axes.hpp"
#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "nn/activations/input.hpp"
#include "nn/activations/sigmoids.hpp"

namespace xgrad {

using activation::far_out;
using activation::floating;
using activation::minus_magnitude;

namespace {

/// x, but the bound where it is below that, with derivative 0 there. The factor x of a gate is bounded where the other
/// factor is 0, for -inf * 0 is NaN; what the other factor is computed from is bounded on both sides, for its
/// derivative of 0 is multiplied by x.
Tensor at_least(const Tensor& x, double bound) { return where(x < bound, bound, x); }
Tensor at_most(const Tensor& x, double bound) { return where(x > bound, bound, x); }

}  // namespace

Tensor silu(const Operand& x) {
  const CallScope scope("silu", x.where());
  const Tensor input = floating(x, "silu");
  return input * sigmoid(input);
}

// tanh(log u) = (u^2 - 1) / (u^2 + 1). With e = e^-|x| that is, for u = 1 + e^x,
//     (1 + 2e) / (1 + 2e + 2e^2) for x >= 0, else e (2 + e) / (2 + e (2 + e)).
Tensor mish(const Operand& x) {
  const CallScope scope("mish", x.where());
  const Tensor input = floating(x, "mish");
  const Tensor positive = input >= 0;
  const Tensor lower = at_least(minus_magnitude(input, positive), -far_out), e = exp(lower);
  const Tensor right = 1 + 2 * e, left = e * (2 + e);
  return where(positive, input * right, lower * left) / where(positive, right + 2 * (e * e), 2 + left);
}

Tensor hardswish(const Operand& x) {
  const CallScope scope("hardswish", x.where());
  const Tensor input = floating(x, "hardswish");
  return where(input <= -3, 0, where(input >= 3, input, input * (input + 3) * (1.0 / 6)));
}

Tensor detail::GeluOf::operator()(const Operand& x, Gelu form) const {
  const CallScope scope("gelu", x.where());
  const Tensor input = floating(x, "gelu");
  // 1 + erf and 1 + tanh would cancel for x << 0.
  if (form == Gelu::exact) return input * 0.5 * erfc(input * (-1 / std::numbers::sqrt2));
  // Beyond 40 the sigmoid is 0 or 1 in every dtype, and the cube would overflow.
  const Tensor factor = at_least(input, -40), bounded = at_most(factor, 40);
  const double twice_root = 2 * std::sqrt(2 / std::numbers::pi);
  return factor * sigmoid(bounded * (twice_root + twice_root * 0.044715 * (bounded * bounded)));
}

Tensor detail::Glu::operator()(const Operand& x, std::int64_t axis) const {
  const CallScope scope("glu", x.where());
  const Tensor input = floating(x, "glu");
  const std::int64_t along = normalise_axis(axis, input.ndim(), "glu", x.where()), size = input.size(along);
  check<ShapeError>(size % 2 == 0, x.where(), "glu: axis ", along, " of ", describe(input), " has no two halves");
  return slice(input, along, 0, size / 2) * sigmoid(slice(input, along, size / 2, size));
}

}  // namespace xgrad
