#pragma once

// Of a class c: t true positives, p samples taken for c, a samples that are of c.
//     precision t / p, recall t / a, F1 their harmonic mean 2 t / (p + a)
// For batches, collect a ConfusionMatrix. What divides 0 by 0 (the precision of a class that was never predicted, the
// recall of one that never occurred, the F1 of one that did neither) is `zero_division`.

#include <cstdint>
#include <vector>

#include "autograd/tape/operand.hpp"
#include "nn/metrics/confusion.hpp"

namespace xgrad::nn::metrics {

enum class Average {
  macro,     ///< the mean over all classes
  weighted,  ///< the mean over all samples of the number of their class
  micro,     ///< from the sums of t, p and a over all classes
};

struct ScoreOptions {
  Average average = Average::macro;
  double zero_division = 0;          ///< in [0, 1]; or NaN, and such a class is left out of means
  std::int64_t ignore_index = -100;  ///< samples of this class do not count
};

double precision(const ConfusionMatrix& matrix, const ScoreOptions& options = {});
double recall(const ConfusionMatrix& matrix, const ScoreOptions& options = {});
double f1_score(const ConfusionMatrix& matrix, const ScoreOptions& options = {});

/// Of each class.
std::vector<double> precision_per_class(const ConfusionMatrix& matrix, double zero_division = 0);
std::vector<double> recall_per_class(const ConfusionMatrix& matrix, double zero_division = 0);
std::vector<double> f1_score_per_class(const ConfusionMatrix& matrix, double zero_division = 0);

// Of one batch, whose inputs are those of ConfusionMatrix.
double precision(const Operand& predicted, const Operand& actual, std::int64_t classes,
                 const ScoreOptions& options = {});
double recall(const Operand& predicted, const Operand& actual, std::int64_t classes, const ScoreOptions& options = {});
double f1_score(const Operand& predicted, const Operand& actual, std::int64_t classes,
                const ScoreOptions& options = {});

}  // namespace xgrad::nn::metrics
