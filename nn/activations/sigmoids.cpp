#include "nn/activations/sigmoids.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/elementwise.hpp"
#include "nn/activations/input.hpp"

namespace xgrad {

using activation::floating;
using activation::minus_magnitude;
using activation::passed;

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

// Far out sign(x) / (1 + 1 / |x|), which is finite at infinity.
Tensor softsign(const Operand& x) {
  const CallScope scope("softsign", x.where());
  const Tensor input = floating(x, "softsign"), magnitude = abs(input);
  return where(magnitude > 1, sign(input) / (1 + 1 / magnitude), input / (1 + magnitude));
}

Tensor hardsigmoid(const Operand& x) {
  const CallScope scope("hardsigmoid", x.where());
  const Tensor input = floating(x, "hardsigmoid");
  return where(input <= -3, 0, where(input >= 3, 1, (passed(input) + 3) * (1.0 / 6)));
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

}  // namespace xgrad
