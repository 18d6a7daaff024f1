#include "nn/losses/regression.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "nn/activations/rectifiers.hpp"
#include "nn/losses/inputs.hpp"

namespace xgrad::nn {

Tensor mse_loss(const Operand& output, const Operand& target, Reduction reduction) {
  const CallScope scope("mse_loss", output.where());
  const Pair pair("mse_loss", output, target);
  return reduce(square(pair.output - pair.target), reduction);
}

Tensor squared_error(const Operand& output, const Operand& target, Reduction reduction) {
  const CallScope scope("squared_error", output.where());
  const Pair pair("squared_error", output, target);
  return reduce(sum_per_sample(square(pair.output - pair.target)), reduction);
}

Tensor half_squared_error(const Operand& output, const Operand& target, Reduction reduction) {
  const CallScope scope("half_squared_error", output.where());
  return 0.5 * squared_error(output, target, reduction);
}

Tensor l1_loss(const Operand& output, const Operand& target, Reduction reduction) {
  const CallScope scope("l1_loss", output.where());
  const Pair pair("l1_loss", output, target);
  return reduce(abs(pair.output - pair.target), reduction);
}

Tensor smooth_l1_loss(const Operand& output, const Operand& target, SmoothL1Options options) {
  const CallScope scope("smooth_l1_loss", output.where());
  check<ValueError>(options.beta >= 0 && std::isfinite(options.beta), output.where(),
                    "smooth_l1_loss: beta = ", options.beta);
  if (options.beta == 0) return l1_loss(output, target, options.reduction);
  const Pair pair("smooth_l1_loss", output, target);
  const Tensor error = pair.output - pair.target, size = abs(error);
  return reduce(where(size < options.beta, square(error) * (0.5 / options.beta), size - 0.5 * options.beta),
                options.reduction);
}

Tensor huber_loss(const Operand& output, const Operand& target, HuberOptions options) {
  const CallScope scope("huber_loss", output.where());
  const double delta = options.delta;
  check<ValueError>(delta > 0 && std::isfinite(delta), output.where(), "huber_loss: delta = ", delta);
  const Pair pair("huber_loss", output, target);
  const Tensor error = pair.output - pair.target, size = abs(error);
  return reduce(where(size <= delta, 0.5 * square(error), delta * (size - 0.5 * delta)), options.reduction);
}

Tensor quantile_loss(const Operand& output, const Operand& target, QuantileOptions options) {
  const CallScope scope("quantile_loss", output.where());
  const double q = options.quantile;
  check<ValueError>(q >= 0 && q <= 1, output.where(), "quantile_loss: quantile = ", q, " is not in [0, 1]");
  const Pair pair("quantile_loss", output, target);
  const Tensor error = pair.target - pair.output;
  // Alone, for 0 times an infinite error is NaN.
  if (q == 0 || q == 1) return reduce(relu(q == 1 ? error : -error), options.reduction);
  return reduce(q * relu(error) + (1 - q) * relu(-error), options.reduction);
}

namespace {

/// log n! = n log n - n + log(2 pi n) / 2 for n > 1 (Stirling), else 0.
Tensor stirling(const Tensor& n) { return where(n > 1, n * log(n) - n + 0.5 * log(2 * std::numbers::pi * n), 0); }

/// The variance of each sample, shaped to stand beside its elements.
Tensor beside(const Tensor& output, const Operand& variance) {
  Tensor v = variance.tensor_like(output);
  const Shape& shape = output.shape();
  if (output.ndim() > 0 && v.ndim() == output.ndim() - 1) v = unsqueeze(v, -1);
  bool fits = v.ndim() == output.ndim();
  for (std::int64_t axis = 0; fits && axis < v.ndim(); ++axis)
    fits = v.size(axis) == shape[axis] || (axis == v.ndim() - 1 && v.size(axis) == 1);
  check<ShapeError>(fits, variance.where(), "gaussian_nll_loss: the output is ", describe(output), ", the variance ",
                    describe(v));
  check<DTypeError>(v.dtype() == output.dtype(), variance.where(), "gaussian_nll_loss: the output is ",
                    describe(output), ", the variance ", describe(v));
  return v;
}

/// ValueError for known variances below 0.
void check_variance(const Operand& variance) {
  const auto check_one = [&](double v) {
    check<ValueError>(!(v < 0), variance.where(), "gaussian_nll_loss: a variance of ", v);
  };
  if (variance.is_number()) return check_one(variance.number());
  const Tensor values = variance.tensor();
  if (!values.evaluated()) return;
  for (const double v : values.to_vector(variance.where())) check_one(v);
}

}  // namespace

Tensor poisson_nll_loss(const Operand& output, const Operand& target, PoissonNllOptions options) {
  const CallScope scope("poisson_nll_loss", output.where());
  check<ValueError>(options.eps >= 0 && std::isfinite(options.eps), output.where(),
                    "poisson_nll_loss: eps = ", options.eps);
  const Pair pair("poisson_nll_loss", output, target);
  const Tensor &x = pair.output, &y = pair.target;
  const Tensor rate = options.log_input ? exp(x) : x, logarithm = options.log_input ? x : log(x + options.eps);
  // A rate of 0 is right for the target 0.
  const Tensor certain = logical_and(y == 0, logarithm == -std::numeric_limits<double>::infinity());
  Tensor losses = rate - where(certain, 0, y * logarithm);
  if (options.full) losses = losses + stirling(y);
  return reduce(losses, options.reduction);
}

Tensor gaussian_nll_loss(const Operand& output, const Operand& target, const Operand& variance,
                         GaussianNllOptions options) {
  const CallScope scope("gaussian_nll_loss", output.where());
  check<ValueError>(options.eps > 0 && std::isfinite(options.eps), output.where(),
                    "gaussian_nll_loss: eps = ", options.eps);
  const Pair pair("gaussian_nll_loss", output, target);
  const Tensor given = beside(pair.output, variance);
  check_variance(variance);
  const Tensor v = clamp(given, options.eps, std::numeric_limits<double>::infinity());
  Tensor losses = 0.5 * (log(v) + square(pair.output - pair.target) / v);
  if (options.full) losses = losses + 0.5 * std::log(2 * std::numbers::pi);
  return reduce(losses, options.reduction);
}

}  // namespace xgrad::nn
