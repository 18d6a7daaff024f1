#include "nn/metrics/precision_recall.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"

namespace xgrad::nn::metrics {

namespace {

/// What is counted of one class, or of all.
struct Counts {
  double right = 0, predicted = 0, actual = 0;
};

using Score = double (*)(const Counts&, double zero_division);

double quotient(double of, double by, double zero_division) { return by == 0 ? zero_division : of / by; }
double precision_of(const Counts& c, double zero) { return quotient(c.right, c.predicted, zero); }
double recall_of(const Counts& c, double zero) { return quotient(c.right, c.actual, zero); }
double f1_of(const Counts& c, double zero) { return quotient(2 * c.right, c.predicted + c.actual, zero); }

std::vector<Counts> counts_of(const ConfusionMatrix& matrix) {
  std::vector<Counts> counts(static_cast<std::size_t>(matrix.classes()));
  for (std::int64_t row = 0; row < matrix.classes(); ++row)
    for (std::int64_t column = 0; column < matrix.classes(); ++column) {
      const auto count = static_cast<double>(matrix.at(row, column));
      counts[static_cast<std::size_t>(row)].actual += count;
      counts[static_cast<std::size_t>(column)].predicted += count;
      if (row == column) counts[static_cast<std::size_t>(row)].right = count;
    }
  return counts;
}

std::vector<double> per_class(const ConfusionMatrix& matrix, double zero_division, Score score) {
  std::vector<double> scores;
  for (const Counts& counts : counts_of(matrix)) scores.push_back(score(counts, zero_division));
  return scores;
}

double averaged(const ConfusionMatrix& matrix, const ScoreOptions& options, Score score) {
  Counts all;
  double total = 0, weights = 0;
  for (const Counts& counts : counts_of(matrix)) {
    all.right += counts.right;
    all.predicted += counts.predicted;
    all.actual += counts.actual;
    const double each = score(counts, options.zero_division);
    const double weight = std::isnan(each) ? 0 : options.average == Average::weighted ? counts.actual : 1;
    if (weight == 0) continue;
    total += weight * each;
    weights += weight;
  }
  if (options.average == Average::micro) return score(all, options.zero_division);
  return quotient(total, weights, options.zero_division);
}

double of_batch(const Operand& predicted, const Operand& actual, std::int64_t classes, const ScoreOptions& options,
                Score score) {
  ConfusionMatrix matrix(classes, {.ignore_index = options.ignore_index}, predicted.where());
  matrix.add(predicted, actual);
  return averaged(matrix, options, score);
}

}  // namespace

double precision(const ConfusionMatrix& matrix, const ScoreOptions& options) {
  return averaged(matrix, options, precision_of);
}
double recall(const ConfusionMatrix& matrix, const ScoreOptions& options) {
  return averaged(matrix, options, recall_of);
}
double f1_score(const ConfusionMatrix& matrix, const ScoreOptions& options) { return averaged(matrix, options, f1_of); }

std::vector<double> precision_per_class(const ConfusionMatrix& matrix, double zero_division) {
  return per_class(matrix, zero_division, precision_of);
}
std::vector<double> recall_per_class(const ConfusionMatrix& matrix, double zero_division) {
  return per_class(matrix, zero_division, recall_of);
}
std::vector<double> f1_score_per_class(const ConfusionMatrix& matrix, double zero_division) {
  return per_class(matrix, zero_division, f1_of);
}

double precision(const Operand& predicted, const Operand& actual, std::int64_t classes, const ScoreOptions& options) {
  return of_batch(predicted, actual, classes, options, precision_of);
}
double recall(const Operand& predicted, const Operand& actual, std::int64_t classes, const ScoreOptions& options) {
  return of_batch(predicted, actual, classes, options, recall_of);
}
double f1_score(const Operand& predicted, const Operand& actual, std::int64_t classes, const ScoreOptions& options) {
  return of_batch(predicted, actual, classes, options, f1_of);
}

}  // namespace xgrad::nn::metrics
