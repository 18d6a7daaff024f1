#include "nn/losses.hpp"

#include <cmath>
#include <limits>
#include <tuple>

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"
#include "nn/activations.hpp"

namespace xgrad::nn {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// An output and its target, alike in shape and dtype.
struct Pair {
  Tensor output;
  Tensor target;

  Pair(const char* loss, const Operand& first, const Operand& second) {
    std::tie(output, target) = tensors_of(first, second);
    check<DTypeError>(is_floating(output.dtype()), first.where(), loss, ": needs a floating dtype, got ",
                      describe(output));
    check<ShapeError>(output.shape() == target.shape(), first.where(), loss, ": the output is ", describe(output),
                      ", the target ", describe(target));
    check<DTypeError>(output.dtype() == target.dtype(), first.where(), loss, ": the output is ", describe(output),
                      ", the target ", describe(target));
  }
};

Tensor sum_per_sample(const Tensor& elements) {
  std::vector<std::int64_t> axes;
  for (std::int64_t axis = 1; axis < elements.ndim(); ++axis) axes.push_back(axis);
  return axes.empty() ? elements : sum(elements, axes);
}

Tensor weighted(const Tensor& losses, const Tensor& weight, const char* loss, const Location& where) {
  if (!weight.defined()) return losses;
  check<ShapeError>(broadcast_shapes(losses.shape(), weight.shape(), loss, where) == losses.shape(), where, loss,
                    ": the weight ", describe(weight), " does not broadcast to the losses ", describe(losses));
  return losses * weight;
}

void check_signs(const Tensor& target, const char* loss, const Location& where) {
  if (!target.evaluated()) return;
  for (const double sign : target.to_vector(where))
    check<ValueError>(sign == 1 || sign == -1, where, loss, ": targets are 1 or -1, got ", sign);
}

/// log x, but -100 where it is below that.
Tensor limited(const Tensor& logarithm) { return where(logarithm < -100, -100, logarithm); }

}  // namespace

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

Tensor binary_cross_entropy(const Operand& probabilities, const Operand& target,
                            const BinaryCrossEntropyOptions& options) {
  const char* const name = "binary_cross_entropy";
  const CallScope scope(name, probabilities.where());
  check<ValueError>(!options.pos_weight.defined(), probabilities.where(), name, ": pos_weight is for logits");
  const Pair pair(name, probabilities, target);
  const Tensor &p = pair.output, &y = pair.target;
  const Tensor losses = -(y * limited(log(p)) + (1 - y) * limited(log1p(-p)));
  return reduce(weighted(losses, options.weight, name, probabilities.where()), options.reduction);
}

Tensor binary_cross_entropy_with_logits(const Operand& logits, const Operand& target,
                                        const BinaryCrossEntropyOptions& options) {
  const char* const name = "binary_cross_entropy_with_logits";
  const CallScope scope(name, logits.where());
  const Pair pair(name, logits, target);
  const Tensor &z = pair.output, &y = pair.target;
  const Tensor positive = z >= 0;
  const Tensor rest = log1p(exp(where(positive, -z, z)));
  Tensor losses;
  if (options.pos_weight.defined()) {
    // (1 - y) z + (1 + (q - 1) y) softplus(-z)
    const Tensor weight = 1 + weighted(y, options.pos_weight - 1, name, logits.where());
    losses = where(positive, (1 - y) * z, (1 - y - weight) * z) + weight * rest;
  } else {
    losses = where(positive, (1 - y) * z, -(y * z)) + rest;
  }
  // An infinite logit that is right costs nothing, and is not to be moved.
  const Tensor certain = logical_or(logical_and(z == infinity, y == 1), logical_and(z == -infinity, y == 0));
  losses = where(certain, 0, losses);
  return reduce(weighted(losses, options.weight, name, logits.where()), options.reduction);
}

Tensor kl_div(const Operand& output, const Operand& target, KlDivOptions options) {
  const CallScope scope("kl_div", output.where());
  const Pair pair("kl_div", output, target);
  const Tensor &log_q = pair.output, &p = pair.target;
  // What the target excludes costs nothing, whatever the output says.
  if (options.log_target) return reduce(where(p == -infinity, 0, exp(p) * (p - log_q)), options.reduction);
  const Tensor impossible = logical_and(p == 0, log_q == -infinity);
  return reduce(xlogy(p, p) - where(impossible, 0, p * log_q), options.reduction);
}

Tensor hinge_loss(const Operand& output, const Operand& target, HingeOptions options) {
  const CallScope scope("hinge_loss", output.where());
  const Pair pair("hinge_loss", output, target);
  check_signs(pair.target, "hinge_loss", output.where());
  return reduce(relu(options.margin - pair.target * pair.output), options.reduction);
}

Tensor hinge_embedding_loss(const Operand& output, const Operand& target, HingeOptions options) {
  const CallScope scope("hinge_embedding_loss", output.where());
  const Pair pair("hinge_embedding_loss", output, target);
  check_signs(pair.target, "hinge_embedding_loss", output.where());
  return reduce(where(pair.target == 1, pair.output, relu(options.margin - pair.output)), options.reduction);
}

}  // namespace xgrad::nn
