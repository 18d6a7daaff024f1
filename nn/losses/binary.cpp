#include "nn/losses/binary.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/core/infinity.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "nn/losses/inputs.hpp"

namespace xgrad::nn {

namespace {

/// log x, but -100 where it is below that.
Tensor limited(const Tensor& logarithm) { return where(logarithm < -100, -100, logarithm); }

}  // namespace

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

Tensor multilabel_soft_margin_loss(const Operand& scores, const Operand& target,
                                   const MultilabelSoftMarginOptions& options) {
  const char* const name = "multilabel_soft_margin_loss";
  const CallScope scope(name, scores.where());
  const Pair pair(name, scores, target);
  const Tensor& x = pair.output;
  check<ShapeError>(x.ndim() == 1 || x.ndim() == 2, scores.where(), name, ": scores are [N, C] or [C], got ",
                    describe(x));
  check<ValueError>(x.size(-1) > 0, scores.where(), name, ": there are no labels: ", describe(x));
  const Tensor losses = binary_cross_entropy_with_logits(x, pair.target, {.reduction = Reduction::none});
  return reduce(mean(weighted(losses, options.weight, name, scores.where()), -1), options.reduction);
}

}  // namespace xgrad::nn
