#include "nn/activations.hpp"

#include <cmath>
#include <numbers>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"

namespace xgrad {

namespace {

Tensor floating(const Operand& x, const char* operation) {
  const Tensor input = x.tensor();
  check<DTypeError>(x.is_number() || is_floating(input.dtype()), x.where(), operation, ": needs a floating dtype, got ",
                    describe(input));
  return is_floating(input.dtype()) ? input : cast(input, float32);
}

/// -|x|, given x >= 0: by a branch, which is right at 0 in all orders of derivative. Only its sign takes the branch, so
/// that the derivative is one product.
Tensor minus_magnitude(const Tensor& x, const Tensor& positive) {
  return x * where(positive, full_like(x, -1), full_like(x, 1));
}

}  // namespace

Tensor sigmoid(const Operand& x) {
  const CallScope scope("sigmoid", x.where());
  const Tensor input = floating(x, "sigmoid");
  const Tensor positive = input >= 0;
  const Tensor e = exp(minus_magnitude(input, positive));
  return where(positive, 1, e) / (1 + e);
}

Tensor logsigmoid(const Operand& x) {
  const CallScope scope("logsigmoid", x.where());
  const Tensor input = floating(x, "logsigmoid");
  const Tensor positive = input >= 0;
  return where(positive, 0, input) - log1p(exp(minus_magnitude(input, positive)));
}

Tensor relu(const Operand& x) {
  const CallScope scope("relu", x.where());
  const Tensor input = floating(x, "relu");
  // Where x > 0, |x| is x; but its derivative sign(x) is NaN at NaN, which is not to be hidden.
  return where(input <= 0, 0, abs(input));
}

Tensor silu(const Operand& x) {
  const CallScope scope("silu", x.where());
  const Tensor input = floating(x, "silu");
  return input * sigmoid(input);
}

// Far out sign(x) / (1 + 1 / |x|), which is finite at infinity.
Tensor softsign(const Operand& x) {
  const CallScope scope("softsign", x.where());
  const Tensor input = floating(x, "softsign"), magnitude = abs(input);
  return where(magnitude > 1, sign(input) / (1 + 1 / magnitude), input / (1 + magnitude));
}

Tensor detail::LeakyRelu::operator()(const Operand& x, double slope) const {
  const CallScope scope("leaky_relu", x.where());
  const Tensor input = floating(x, "leaky_relu");
  return where(input <= 0, input * slope, abs(input));
}

Tensor detail::Elu::operator()(const Operand& x, double alpha) const {
  const CallScope scope("elu", x.where());
  const Tensor input = floating(x, "elu");
  return where(input > 0, input, expm1(input) * alpha);
}

Tensor detail::Softplus::operator()(const Operand& x, double beta, double threshold) const {
  const CallScope scope("softplus", x.where());
  check<ValueError>(beta > 0 && std::isfinite(beta), x.where(), "softplus: beta = ", beta);
  check<ValueError>(!std::isnan(threshold), x.where(), "softplus: threshold = ", threshold);
  const Tensor input = floating(x, "softplus");
  const Tensor scaled = beta == 1 ? input : input * beta;
  const Tensor positive = scaled >= 0;
  const Tensor smooth = where(positive, scaled, 0) + log1p(exp(minus_magnitude(scaled, positive)));
  const Tensor result = beta == 1 ? smooth : smooth * (1 / beta);
  return std::isinf(threshold) && threshold > 0 ? result : where(scaled > threshold, input, result);
}

Tensor detail::GeluOf::operator()(const Operand& x, Gelu form) const {
  const CallScope scope("gelu", x.where());
  const Tensor input = floating(x, "gelu");
  // 1 + erf and 1 + tanh would cancel for x << 0.
  if (form == Gelu::exact) return input * 0.5 * erfc(input * (-1 / std::numbers::sqrt2));
  // Beyond 40 the sigmoid is 0 or 1, and the cube would overflow.
  const Tensor bounded = clamp(input, -40, 40);
  const double twice_root = 2 * std::sqrt(2 / std::numbers::pi);
  return input * sigmoid(bounded * (twice_root + twice_root * 0.044715 * (bounded * bounded)));
}

}  // namespace xgrad
