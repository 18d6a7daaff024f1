#include "nn/metrics/roc_auc.hpp"

#include <algorithm>
#include <cmath>

#include "autograd/core/fail.hpp"
#include "nn/metrics/samples.hpp"

namespace xgrad::nn::metrics {

namespace {

constexpr const char* name = "roc_auc";

struct Sample {
  double score;
  bool positive;
};

/// The part of the pairs of a positive and a negative sample in which the positive one has the larger score.
double area(std::vector<Sample> samples, std::int64_t positive_class, const Location& where) {
  std::ranges::sort(samples, {}, &Sample::score);
  // In halves, so that ties count one.
  std::uint64_t won = 0, negatives = 0, positives = 0;
  for (std::size_t begin = 0, end = 0; begin < samples.size(); begin = end) {
    std::uint64_t tied_positives = 0, tied_negatives = 0;
    for (; end < samples.size() && samples[end].score == samples[begin].score; ++end)
      ++(samples[end].positive ? tied_positives : tied_negatives);
    won += tied_positives * (2 * negatives + tied_negatives);
    positives += tied_positives;
    negatives += tied_negatives;
  }
  check<ValueError>(positives > 0 && negatives > 0, where, name, ": of ", samples.size(), " samples ", positives,
                    " are of class ", positive_class, ", and it needs some and others");
  return static_cast<double>(won) / 2 / static_cast<double>(positives) / static_cast<double>(negatives);
}

}  // namespace

RocAuc::RocAuc(std::int64_t classes, Average average, const Location& where) : classes_(classes), average_(average) {
  check<ValueError>(classes >= 2, where, name, ": of ", classes, " classes");
  check<ValueError>(average != Average::micro, where, name, ": Average::micro is not for classes against the rest");
}

void RocAuc::add(const Operand& scores, const Operand& classes) {
  const Location& where = scores.where();
  const Tensor given = scores.tensor();
  const bool binary = classes_ == 2 && given.ndim() == 1;
  check<DTypeError>(is_floating(given.dtype()), where, name, ": scores must be floating, got ", describe(given));
  check<ShapeError>(binary || (classes_ > 2 && given.ndim() == 2 && given.size(1) == classes_), where, name,
                    ": the scores are ", describe(given), ", for ", classes_, " classes");
  const auto labels = labels_of(classes, Shape{given.size(0)}, static_cast<std::size_t>(classes_), std::nullopt, name);
  const auto values = given.to_vector(where);
  for (std::size_t i = 0; i < values.size(); ++i)
    check<ValueError>(!std::isnan(values[i]), where, name, ": the score at place ", i, " is NaN");
  scores_.insert(scores_.end(), values.begin(), values.end());
  labels_.insert(labels_.end(), labels.begin(), labels.end());
}

double RocAuc::value(const Location& where) const {
  const std::size_t columns = labels_.empty() ? 1 : scores_.size() / labels_.size();
  double total = 0, weights = 0;
  for (std::size_t column = 0; column < columns; ++column) {
    const auto own = static_cast<std::int64_t>(columns == 1 ? 1 : column);
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < labels_.size(); ++i)
      samples.push_back({scores_[i * columns + column], labels_[i] == own});
    const auto size = static_cast<double>(std::ranges::count(labels_, own));
    const double weight = average_ == Average::weighted ? size : 1;
    total += weight * area(std::move(samples), own, where);
    weights += weight;
  }
  return total / weights;
}

void RocAuc::reset() {
  scores_.clear();
  labels_.clear();
}

double roc_auc(const Operand& scores, const Operand& classes, Average average) {
  const Tensor given = scores.tensor();
  check<ShapeError>(given.ndim() == 1 || given.ndim() == 2, scores.where(), name, ": scores are [N] or [N, C], got ",
                    describe(given));
  RocAuc metric(given.ndim() == 1 ? 2 : given.size(1), average, scores.where());
  metric.add(scores, classes);
  return metric.value(scores.where());
}

}  // namespace xgrad::nn::metrics
