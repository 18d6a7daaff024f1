#include "nn/losses/margins.hpp"

#include <limits>

#include "autograd/core/fail.hpp"
#include "autograd/ops/any_all.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/ops/scans.hpp"
#include "nn/activations/rectifiers.hpp"
#include "nn/activations/sigmoids.hpp"
#include "nn/losses/inputs.hpp"

namespace xgrad::nn {

Tensor hinge_loss(const Operand& output, const Operand& target, HingeOptions options) {
  const CallScope scope("hinge_loss", output.where());
  const Pair pair("hinge_loss", output, target);
  check_signs(target, "hinge_loss", output.where());
  return reduce(relu(options.margin - pair.target * pair.output), options.reduction);
}

Tensor hinge_embedding_loss(const Operand& output, const Operand& target, HingeOptions options) {
  const CallScope scope("hinge_embedding_loss", output.where());
  const Pair pair("hinge_embedding_loss", output, target);
  check_signs(target, "hinge_embedding_loss", output.where());
  return reduce(where(pair.target == 1, pair.output, relu(options.margin - pair.output)), options.reduction);
}

Tensor soft_margin_loss(const Operand& output, const Operand& target, Reduction reduction) {
  const CallScope scope("soft_margin_loss", output.where());
  const Pair pair("soft_margin_loss", output, target);
  check_signs(target, "soft_margin_loss", output.where());
  return reduce(softplus(-(pair.target * pair.output), 1, std::numeric_limits<double>::infinity()), reduction);
}

Tensor margin_ranking_loss(const Operand& first, const Operand& second, const Operand& target,
                           MarginRankingOptions options) {
  const CallScope scope("margin_ranking_loss", first.where());
  const Pair pair("margin_ranking_loss", first, second);
  const Tensor signs = alike("margin_ranking_loss", target, "the target", pair.output);
  check_signs(target, "margin_ranking_loss", first.where());
  return reduce(relu(options.margin - signs * (pair.output - pair.target)), options.reduction);
}

namespace {

/// Which labels [.., j] count: those before the first -1.
Tensor counted_labels(const Tensor& scores, const Tensor& target, const Location& where) {
  const char* const name = "multilabel_margin_loss";
  check<DTypeError>(is_floating(scores.dtype()), where, name, ": needs a floating dtype, got ", describe(scores));
  check<DTypeError>(target.dtype() == int64, where, name, ": labels must be i64, got ", describe(target));
  check<ShapeError>(scores.ndim() == 1 || scores.ndim() == 2, where, name, ": scores are [N, C] or [C], got ",
                    describe(scores));
  check<ShapeError>(target.shape() == scores.shape(), where, name, ": the scores are ", describe(scores),
                    ", the labels ", describe(target));
  const std::int64_t classes = scores.size(-1);
  check<ValueError>(classes > 0, where, name, ": there are no classes: ", describe(scores));
  if (target.evaluated())
    for (const std::int64_t label : target.data<std::int64_t>(where))
      check<IndexError>(label >= -1 && label < classes, where, name, ": label ", label, ", for ", classes, " classes");
  return cumprod(target >= 0) == 1;
}

}  // namespace

Tensor multilabel_margin_loss(const Operand& scores, const Operand& target, Reduction reduction) {
  const CallScope scope("multilabel_margin_loss", scores.where());
  const Tensor x = scores.tensor(), given = target.tensor();
  const Tensor counts = counted_labels(x, given, scores.where());
  const Tensor labels = where(counts, given, 0);
  // Pairs [.., j, c] of a label and a class.
  const Tensor same = unsqueeze(labels, -1) == arange(x.size(-1));
  const Tensor is_label = any(logical_and(same, unsqueeze(counts, -1)), -2, keep_dims);
  const Tensor hinge = relu(1 - (unsqueeze(gather(x, -1, labels), -1) - unsqueeze(x, -2)));
  const Tensor costs = where(logical_and(unsqueeze(counts, -1), !is_label), hinge, 0);
  return reduce(sum(costs, {-2, -1}) / static_cast<double>(x.size(-1)), reduction);
}

}  // namespace xgrad::nn
