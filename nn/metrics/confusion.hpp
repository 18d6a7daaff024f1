#pragma once

#include <cstdint>
#include <vector>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::nn::metrics {

struct ConfusionOptions {
  std::int64_t ignore_index = -100;  ///< samples of this class do not count
};

/// How often each class (row) was taken for each class (column), over batches: the same numbers as of all at once.
class ConfusionMatrix {
 public:
  /// ValueError unless 1 <= classes <= 16384.
  explicit ConfusionMatrix(std::int64_t classes, const ConfusionOptions& options = {},
                           const Location& where = Location::current());

  /// Predictions are int64 class indices [N, ...] like those of `actual`, or scores [N, C, ...], of which the first of
  /// the largest counts (NaN is the largest). Two classes may be masks. ShapeError, DTypeError; IndexError for a class
  /// that is none and not ignored. An error leaves the counts as they were.
  void add(const Operand& predicted, const Operand& actual);
  std::int64_t classes() const { return classes_; }
  /// IndexError for a class that is none.
  std::int64_t at(std::int64_t actual, std::int64_t predicted, const Location& where = Location::current()) const;
  /// int64 [classes, classes]
  Tensor counts() const;
  void reset();

 private:
  std::int64_t classes_;
  ConfusionOptions options_;
  std::vector<std::int64_t> counts_;
};

/// The counts of one batch.
Tensor confusion_matrix(const Operand& predicted, const Operand& actual, std::int64_t classes,
                        const ConfusionOptions& options = {});

}  // namespace xgrad::nn::metrics
