#include "nn/metrics/accuracy.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "nn/metrics/samples.hpp"

namespace xgrad::nn::metrics {

namespace {

/// How many classes are ahead of one.
std::int64_t rank_of(const double* scores, std::size_t classes, std::size_t own) {
  const bool none = std::isnan(scores[own]);
  std::int64_t ahead = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    const bool larger = none ? false : std::isnan(scores[c]) || scores[c] > scores[own];
    const bool equal = none ? std::isnan(scores[c]) : scores[c] == scores[own];
    ahead += larger || (equal && c < own);
  }
  return ahead;
}

}  // namespace

Accuracy::Accuracy(const AccuracyOptions& options, const Location& where) : options_(options) {
  check<ValueError>(options.top_k > 0, where, "accuracy: top_k = ", options.top_k);
}

void Accuracy::add(const Operand& given, const Operand& classes) {
  const Scores scores = scores_of(given, options_.axis, "accuracy");
  const auto labels = labels_of(classes, scores.samples, scores.classes, options_.ignore_index, "accuracy");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == options_.ignore_index) continue;
    right_ += rank_of(scores.row(i), scores.classes, static_cast<std::size_t>(labels[i])) < options_.top_k;
    ++count_;
  }
}

double Accuracy::value(const Location& where) const {
  check<ValueError>(count_ > 0, where, "accuracy: there are no samples");
  return static_cast<double>(right_) / static_cast<double>(count_);
}

double accuracy(const Operand& scores, const Operand& classes, const AccuracyOptions& options) {
  Accuracy metric(options, scores.where());
  metric.add(scores, classes);
  return metric.value(scores.where());
}

}  // namespace xgrad::nn::metrics
