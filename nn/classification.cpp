#include "nn/classification.hpp"

#include <algorithm>
#include <limits>

#include "autograd/core/axes.hpp"
#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/count.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "nn/activations.hpp"

namespace xgrad::nn {

namespace {

constexpr std::int64_t no_index = -100;

/// Scores and their class axis.
struct Scores {
  Tensor values;
  std::int64_t axis;
  std::int64_t classes;

  Scores(const Operand& scores, std::optional<std::int64_t> given, const char* loss)
      : values(scores.tensor()), axis(0), classes(0) {
    const Location& where = scores.where();
    check<DTypeError>(is_floating(values.dtype()), where, loss, ": needs a floating dtype, got ", describe(values));
    check<ShapeError>(values.ndim() > 0, where, loss, ": the scores have no class axis: ", describe(values));
    axis = normalise_axis(given.value_or(values.ndim() > 1 ? 1 : 0), values.ndim(), loss, where);
    classes = values.shape()[axis];
    check<ValueError>(values.numel() > 0, where, loss, ": the batch is empty: ", describe(values));
  }
  Shape sample_shape() const { return without_axes(values.shape(), AxisSet(std::uint64_t{1} << axis)); }

  /// A vector of one number for each class, shaped to stand beside the scores.
  Tensor beside(const Tensor& per_class) const {
    Shape shape = Shape::filled(values.ndim(), 1);
    shape[axis] = classes;
    return reshape(per_class, shape);
  }
  void check_weights(const Tensor& weights, const char* loss, const Location& where) const {
    if (!weights.defined()) return;
    check<ShapeError>(weights.shape() == Shape{classes}, where, loss, ": the class weights are ", describe(weights),
                      ", for ", classes, " classes");
    check<DTypeError>(weights.dtype() == values.dtype(), where, loss, ": the class weights are ", describe(weights),
                      ", the scores ", describe(values));
  }
};

/// Class indices, checked against the scores.
class Labels {
 public:
  Labels(const Scores& scores, const Operand& target, std::optional<std::int64_t> ignored, const char* loss,
         const Location& where)
      : scores_(scores), index_(target.tensor()) {
    const Shape expected = scores.sample_shape();
    check<DTypeError>(index_.dtype() == int64, where, loss, ": class indices must be i64, got ", describe(index_),
                      " beside scores ", describe(scores.values));
    check<ShapeError>(index_.shape() == expected, where, loss, ": the class indices are ", describe(index_),
                      ", for scores ", describe(scores.values), " they should be ", expected);
    const bool known = index_.evaluated();
    if (known) check_values(ignored, loss, where);
    if (!ignored || (known && std::ranges::find(index_.data<std::int64_t>(where), *ignored) ==
                                  index_.data<std::int64_t>(where).end()))
      return;
    kept_ = index_ != *ignored;
    index_ = xgrad::where(kept_, index_, 0);
  }

  /// The score of each sample's class.
  Tensor pick(const Tensor& scores) const {
    return squeeze(gather(scores, scores_.axis, unsqueeze(index_, scores_.axis)), scores_.axis);
  }
  /// The weight of each sample's class; undefined without weights.
  Tensor weights(const Tensor& class_weights) const {
    if (!class_weights.defined()) return {};
    return reshape(gather(class_weights, 0, reshape(index_, {-1})), index_.shape());
  }
  /// Zero for the samples that are ignored.
  Tensor masked(const Tensor& losses) const { return kept_.defined() ? xgrad::where(kept_, losses, 0) : losses; }

  /// Reduces the losses of the samples, whose weights count in the mean.
  Tensor reduced(const Tensor& losses, const Tensor& weights, Reduction reduction) const {
    const Tensor counted = masked(losses);
    if (reduction != Reduction::mean) return reduce(counted, reduction);
    if (weights.defined()) return sum(counted) / sum(masked(weights));
    return kept_.defined() ? divide_by_kept(sum(counted)) : mean(counted);
  }

 private:
  /// The count of what is kept need not be a number of float32.
  Tensor divide_by_kept(const Tensor& total) const {
    const DType dtype = counts_to(kept_.numel(), total.dtype()) ? total.dtype() : float64;
    return cast(cast(total, dtype) / sum(cast(kept_, dtype)), total.dtype());
  }

  /// IndexError for a class that does not exist.
  void check_values(std::optional<std::int64_t> ignored, const char* loss, const Location& where) const {
    const auto labels = index_.data<std::int64_t>(where);
    for (std::size_t row = 0; row < labels.size(); ++row)
      check<IndexError>((labels[row] >= 0 && labels[row] < scores_.classes) || labels[row] == ignored, where, loss,
                        ": class index ", labels[row], " at row ", row, " of ", labels.size(), ", for ",
                        scores_.classes, " classes");
  }

  const Scores& scores_;
  Tensor index_;
  Tensor kept_;  // undefined when no sample is ignored
};

/// Logits with their largest subtracted, and the logarithm of the sum of their exponentials along the class axis.
struct Normalised {
  Tensor shifted;
  Tensor log_sum;

  explicit Normalised(const Scores& scores)
      : shifted(scores.values - stop_gradient(max(scores.values, scores.axis, keep_dims))),
        log_sum(log(sum(exp(shifted), scores.axis, keep_dims))) {}
  /// -log p of every class.
  Tensor costs() const { return log_sum - shifted; }
};

Tensor with_probabilities(const Scores& scores, Tensor target, const CrossEntropyOptions& options,
                          const Location& where) {
  check<ShapeError>(target.shape() == scores.values.shape(), where, "cross_entropy: the target probabilities are ",
                    describe(target), ", the logits ", describe(scores.values));
  check<DTypeError>(target.dtype() == scores.values.dtype(), where, "cross_entropy: the target probabilities are ",
                    describe(target), ", the logits ", describe(scores.values));
  check<ValueError>(options.ignore_index == no_index, where, "cross_entropy: ignore_index = ", options.ignore_index,
                    " is for class indices, the target is ", describe(target));
  const double smoothing = options.label_smoothing;
  if (smoothing > 0) target = target * (1 - smoothing) + smoothing / static_cast<double>(scores.classes);
  const Tensor costs = Normalised(scores).costs();
  // A class with probability 0 costs nothing, even if it is impossible.
  const Tensor impossible = logical_and(target == 0, costs == std::numeric_limits<double>::infinity());
  Tensor losses = xgrad::where(impossible, 0, target * costs);
  if (options.class_weights.defined()) losses = losses * scores.beside(options.class_weights);
  return reduce(sum(losses, scores.axis), options.reduction);
}

Tensor with_indices(const Scores& scores, const Operand& target, const CrossEntropyOptions& options,
                    const Location& where) {
  const Labels labels(scores, target, options.ignore_index, "cross_entropy", where);
  const Tensor weights = labels.weights(options.class_weights);
  const Normalised normalised(scores);
  const double smoothing = options.label_smoothing;

  Tensor losses = squeeze(normalised.log_sum, scores.axis) - labels.pick(normalised.shifted);
  if (weights.defined()) losses = losses * weights;
  if (smoothing > 0) {
    Tensor spread = normalised.costs();
    if (options.class_weights.defined()) spread = spread * scores.beside(options.class_weights);
    losses = losses * (1 - smoothing) + mean(spread, scores.axis) * smoothing;
  }
  return labels.reduced(losses, weights, options.reduction);
}

}  // namespace

Tensor cross_entropy(const Operand& logits, const Operand& target, const CrossEntropyOptions& options) {
  const Location& where = logits.where();
  const CallScope scope("cross_entropy", where);
  const Scores scores(logits, options.axis, "cross_entropy");
  check<ValueError>(options.label_smoothing >= 0 && options.label_smoothing <= 1, where,
                    "cross_entropy: label_smoothing = ", options.label_smoothing, " is not in [0, 1]");
  scores.check_weights(options.class_weights, "cross_entropy", where);
  const Tensor given = target.tensor();
  if (is_floating(given.dtype()) && given.ndim() == scores.values.ndim())
    return with_probabilities(scores, given, options, where);
  return with_indices(scores, target, options, where);
}

Tensor nll_loss(const Operand& log_probabilities, const Operand& target, const NllOptions& options) {
  const Location& where = log_probabilities.where();
  const CallScope scope("nll_loss", where);
  const Scores scores(log_probabilities, options.axis, "nll_loss");
  scores.check_weights(options.class_weights, "nll_loss", where);
  const Labels labels(scores, target, options.ignore_index, "nll_loss", where);
  const Tensor weights = labels.weights(options.class_weights);
  const Tensor losses = -labels.pick(scores.values);
  return labels.reduced(weights.defined() ? losses * weights : losses, weights, options.reduction);
}

Tensor multi_margin_loss(const Operand& scores, const Operand& target, const MultiMarginOptions& options) {
  const char* const name = "multi_margin_loss";
  const Location& where = scores.where();
  const CallScope scope(name, where);
  check<ValueError>(options.power == 1 || options.power == 2, where, name, ": power = ", options.power,
                    " is neither 1 nor 2");
  const Scores all(scores, {}, name);
  check<ShapeError>(all.values.ndim() <= 2, where, name, ": scores are [N, C] or [C], got ", describe(all.values));
  all.check_weights(options.class_weights, name, where);
  const Tensor index = target.tensor();
  const Labels labels(all, target, {}, name, where);

  const Tensor hinge = relu(options.margin + all.values - unsqueeze(labels.pick(all.values), all.axis));
  const Tensor powers = options.power == 2 ? square(hinge) : hinge;
  const Tensor others = unsqueeze(index, all.axis) != all.beside(arange(all.classes));
  const Tensor losses = mean(xgrad::where(others, powers, 0), all.axis);
  const Tensor weights = labels.weights(options.class_weights);
  return reduce(weights.defined() ? losses * weights : losses, options.reduction);
}

}  // namespace xgrad::nn
