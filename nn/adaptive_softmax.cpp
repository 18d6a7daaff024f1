#include "nn/adaptive_softmax.hpp"

#include <algorithm>
#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

namespace {

constexpr const char* name = "AdaptiveLogSoftmaxWithLoss";

std::vector<std::int64_t> checked(std::vector<std::int64_t> cutoffs, std::int64_t inputs, std::int64_t classes,
                                  const AdaptiveLogSoftmaxOptions& options, const Location& where) {
  check<ValueError>(inputs > 0 && classes > 1, where, name, ": needs inputs and at least two classes, got ", inputs,
                    " and ", classes);
  check<ValueError>(options.div_value > 0 && std::isfinite(options.div_value), where, name,
                    ": div_value = ", options.div_value);
  cutoffs.push_back(classes);
  const bool ascend = cutoffs.size() > 1 && cutoffs[0] > 0 &&
                      std::ranges::adjacent_find(cutoffs, std::greater_equal<>()) == cutoffs.end();
  check<ValueError>(ascend, where, name, ": the cutoffs must ascend between 1 and ", classes - 1, ", got ",
                    Shape(std::vector<std::int64_t>(cutoffs.begin(), cutoffs.end() - 1)));
  return cutoffs;
}

}  // namespace

AdaptiveLogSoftmaxWithLoss::AdaptiveLogSoftmaxWithLoss(std::int64_t inputs, std::int64_t classes,
                                                       std::vector<std::int64_t> cutoffs,
                                                       AdaptiveLogSoftmaxOptions options, Rng& rng,
                                                       const Location& where)
    : cutoffs_(checked(std::move(cutoffs), inputs, classes, options, where)),
      head(inputs, cutoffs_[0] + static_cast<std::int64_t>(cutoffs_.size()) - 1,
           {.bias = options.head_bias, .dtype = options.dtype}, rng, where) {
  const LinearOptions plain{.bias = false, .dtype = options.dtype};
  for (std::size_t i = 0; i + 1 < cutoffs_.size(); ++i) {
    const double share = std::pow(options.div_value, static_cast<double>(i + 1));
    const auto features = static_cast<std::int64_t>(
        std::clamp(std::floor(static_cast<double>(inputs) / share), 1.0, static_cast<double>(inputs)));
    Linear down(inputs, features, plain, rng, where);
    tail.push_back({std::move(down), Linear(features, cutoffs_[i + 1] - cutoffs_[i], plain, rng, where)});
  }
}

Tensor AdaptiveLogSoftmaxWithLoss::of_head(const Tensor& x, const char* call, const Location& where) const {
  check<ShapeError>(x.ndim() == 2 && x.size(1) == head.weight.shape()[1], where, call, ": x is ", describe(x),
                    ", not [N, ", head.weight.shape()[1], "]");
  return log_softmax(head(Operand(x, where)), 1);
}

Tensor AdaptiveLogSoftmaxWithLoss::of_tail(std::size_t cluster, const Tensor& x) const {
  return log_softmax(tail[cluster][1](tail[cluster][0](x)), 1);
}

Tensor AdaptiveLogSoftmaxWithLoss::log_prob(const Operand& operand) const {
  const CallScope scope("log_prob", operand.where());
  const Tensor x = operand.tensor(), first = of_head(x, "log_prob", operand.where());
  std::vector<Tensor> parts{slice(first, 1, 0, cutoffs_[0])};
  for (std::size_t i = 0; i < tail.size(); ++i) {
    const std::int64_t place = cutoffs_[0] + static_cast<std::int64_t>(i);
    parts.push_back(slice(first, 1, place, place + 1) + of_tail(i, x));
  }
  return concat(parts, 1);
}

Tensor AdaptiveLogSoftmaxWithLoss::predict(const Operand& x) const {
  const CallScope scope("predict", x.where());
  return argmax(log_prob(x), 1);
}

Tensor AdaptiveLogSoftmaxWithLoss::of_targets(const Tensor& x, const Tensor& target, const Location& where) const {
  if (!target.evaluated()) return squeeze(gather(log_prob(Operand(x, where)), 1, unsqueeze(target, 1)), 1);
  Tensor place = target;  // in the head
  for (std::size_t i = 0; i < tail.size(); ++i)
    place = xgrad::where(target >= cutoffs_[i], cutoffs_[0] + static_cast<std::int64_t>(i), place);
  Tensor y = squeeze(gather(of_head(x, name, where), 1, unsqueeze(place, 1)), 1);
  for (std::size_t i = 0; i < tail.size(); ++i) {
    const Tensor rows = squeeze(nonzero(logical_and(target >= cutoffs_[i], target < cutoffs_[i + 1])), 1);
    if (rows.numel() == 0) continue;
    const Tensor own = index_select(target, 0, rows) - cutoffs_[i];
    y = index_add(y, 0, rows, squeeze(gather(of_tail(i, index_select(x, 0, rows)), 1, unsqueeze(own, 1)), 1));
  }
  return y;
}

AdaptiveLoss AdaptiveLogSoftmaxWithLoss::operator()(const Operand& operand, const Operand& targets) const {
  const Location& where = operand.where();
  const Call call(*this, name, where);
  const Tensor x = operand.tensor(), target = targets.tensor();
  check<DTypeError>(target.dtype() == int64, where, name, ": classes must be i64, got ", describe(target));
  check<ShapeError>(x.ndim() == 2 && target.shape() == Shape{x.size(0)}, where, name, ": x is ", describe(x),
                    ", the classes ", describe(target));
  check<ValueError>(x.size(0) > 0, where, name, ": there is no mean of an empty batch: ", describe(x));
  if (target.evaluated())
    for (const std::int64_t c : target.data<std::int64_t>(where))
      check<IndexError>(c >= 0 && c < cutoffs_.back(), where, name, ": class ", c, " of ", cutoffs_.back());
  const Tensor output = call.result(of_targets(x, target, where));
  return {output, -mean(output)};
}

void AdaptiveLogSoftmaxWithLoss::visit(Visitor& visitor) {
  visitor("head", head);
  visitor("tail", tail);
}

}  // namespace xgrad::nn
