#pragma once

#include <cstdint>
#include <vector>

#include "autograd/tape/operand.hpp"
#include "nn/metrics/precision_recall.hpp"

namespace xgrad::nn::metrics {

/// The area under the curve of the rate of true positives over that of false ones: the probability that a positive
/// sample has a larger score than a negative one, where a tie counts one half (Mann and Whitney, 1947; Hanley and
/// McNeil, 1982). Exact, over batches: the same number as of all at once, for it keeps all scores.
class RocAuc {
 public:
  /// Of two classes. Or, with `classes` above 2, the mean over the classes of each against the rest, weighted by their
  /// samples if asked. ValueError for fewer than two classes, and for Average::micro.
  explicit RocAuc(std::int64_t classes = 2, Average average = Average::macro,
                  const Location& where = Location::current());

  /// Of two classes, scores [N] and classes [N], int64 0 and 1 or a mask; else scores [N, classes] and int64 classes
  /// [N]. ShapeError, DTypeError, IndexError; ValueError for a score that is NaN. An error adds nothing.
  void add(const Operand& scores, const Operand& classes);
  /// ValueError unless each class has samples, and there are others.
  double value(const Location& where = Location::current()) const;
  void reset();

 private:
  std::int64_t classes_;
  Average average_;
  std::vector<double> scores_;
  std::vector<std::int64_t> labels_;
};

/// The same of one batch: of two classes for scores [N], of each class against the rest for scores [N, C].
double roc_auc(const Operand& scores, const Operand& classes, Average average = Average::macro);

}  // namespace xgrad::nn::metrics
