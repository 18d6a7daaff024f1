#include "nn/losses/focal.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/indexing.hpp"
#include "autograd/ops/reduce.hpp"
#include "nn/activations/sigmoids.hpp"
#include "nn/classification.hpp"
#include "nn/losses/binary.hpp"
#include "nn/losses/inputs.hpp"

namespace xgrad::nn {

namespace {

void check_gamma(double gamma, const char* loss, const Location& where) {
  check<ValueError>(gamma >= 0 && std::isfinite(gamma), where, loss, ": gamma = ", gamma);
}

/// What costs nothing has no derivative: that of miss^gamma is infinite at 0 for gamma < 1.
Tensor focused(const Tensor& costs, const Tensor& miss, double gamma) {
  return gamma == 0 ? costs : where(costs == 0, 0, costs * pow(miss, gamma));
}

/// The weight of each sample's class; undefined without weights.
Tensor weights_of(const Tensor& scores, const Tensor& index, const FocalOptions& options, const Location& where) {
  if (!options.class_weights.defined()) return {};
  const std::int64_t classes = scores.size(options.axis.value_or(scores.ndim() > 1 ? 1 : 0));
  check<ShapeError>(options.class_weights.shape() == Shape{classes}, where, "focal_loss: the class weights are ",
                    describe(options.class_weights), ", for ", classes, " classes");
  return take(options.class_weights, index);
}

}  // namespace

Tensor sigmoid_focal_loss(const Operand& logits, const Operand& target, const SigmoidFocalOptions& options) {
  const char* const name = "sigmoid_focal_loss";
  const CallScope scope(name, logits.where());
  check_gamma(options.gamma, name, logits.where());
  const Pair pair(name, logits, target);
  const Tensor &z = pair.output, &y = pair.target;
  const Tensor costs = binary_cross_entropy_with_logits(z, y, {.reduction = Reduction::none});
  // The probability of the other answer: 1 - p would cancel.
  const Tensor miss = sigmoid(z) * (1 - y) + sigmoid(-z) * y;
  Tensor losses = focused(costs, miss, options.gamma);
  if (options.alpha) losses = losses * (*options.alpha * y + (1 - *options.alpha) * (1 - y));
  return reduce(losses, options.reduction);
}

Tensor focal_loss(const Operand& logits, const Operand& target, const FocalOptions& options) {
  const Location& where = logits.where();
  const CallScope scope("focal_loss", where);
  check_gamma(options.gamma, "focal_loss", where);
  const Tensor index = target.tensor();
  check<DTypeError>(index.dtype() == int64, where, "focal_loss: class indices must be i64, got ", describe(index));
  const Tensor costs = cross_entropy(
      logits, index, {.ignore_index = options.ignore_index, .axis = options.axis, .reduction = Reduction::none});
  const Tensor kept = index != options.ignore_index;
  const Tensor weights = weights_of(logits.tensor(), xgrad::where(kept, index, 0), options, where);
  Tensor losses = focused(costs, -expm1(-costs), options.gamma);
  if (weights.defined()) losses = losses * weights;
  if (options.reduction != Reduction::mean) return reduce(losses, options.reduction);
  return sum(losses) / cast(sum(kept), losses.dtype());
}

}  // namespace xgrad::nn
