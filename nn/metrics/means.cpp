#include "nn/metrics/means.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "nn/classification.hpp"
#include "nn/metrics/samples.hpp"

namespace xgrad::nn::metrics {

void MeanLoss::add(const Operand& losses) {
  const Tensor values = losses.tensor();
  check<DTypeError>(is_floating(values.dtype()), losses.where(), "mean_loss: needs a floating dtype, got ",
                    describe(values));
  // One after another, so that the sum is the same however they are cut into batches.
  for (const double loss : values.to_vector(losses.where())) total_ += loss;
  count_ += values.numel();
}

void MeanLoss::add(const Operand& mean, std::int64_t count) {
  check<ValueError>(count >= 0, mean.where(), "mean_loss: of ", count, " samples");
  const double value = mean.is_number() ? mean.number() : mean.tensor().item(mean.where());
  if (count == 0) return;
  total_ += value * static_cast<double>(count);
  count_ += count;
}

double MeanLoss::value(const Location& where) const {
  check<ValueError>(count_ > 0, where, "mean_loss: there are no samples");
  return total_ / static_cast<double>(count_);
}

double mean_loss(const Operand& losses) {
  MeanLoss metric;
  metric.add(losses);
  return metric.value(losses.where());
}

void Perplexity::add(const Operand& logits, const Operand& classes) {
  const CallScope scope("perplexity", logits.where());
  const Tensor scores = stop_gradient(logits.tensor()), labels = classes.tensor();
  const Tensor losses = cross_entropy(
      scores, labels, {.ignore_index = options_.ignore_index, .axis = options_.axis, .reduction = Reduction::none});
  const auto indices = labels.to_vector<std::int64_t>(classes.where());
  const auto values = losses.to_vector(logits.where());
  std::vector<double> counted;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (indices[i] != options_.ignore_index) counted.push_back(values[i]);
  losses_.add(tensor(counted, float64));
}

double Perplexity::value(const Location& where) const {
  check<ValueError>(count() > 0, where, "perplexity: there are no tokens");
  return std::exp(losses_.value(where));
}

double perplexity(const Operand& logits, const Operand& classes, const PerplexityOptions& options) {
  Perplexity metric(options);
  metric.add(logits, classes);
  return metric.value(logits.where());
}

}  // namespace xgrad::nn::metrics
