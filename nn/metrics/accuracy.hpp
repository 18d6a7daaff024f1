#pragma once

#include <cstdint>
#include <optional>

#include "autograd/tape/operand.hpp"

namespace xgrad::nn::metrics {

struct AccuracyOptions {
  std::int64_t top_k = 1;            ///< how many of the largest scores the class may be among
  std::int64_t ignore_index = -100;  ///< samples of this class do not count
  std::optional<std::int64_t> axis{};
};

/// The part of the samples whose class has one of the k largest scores, over batches: the same number as of all at
/// once. Of equal scores those of the first classes count as larger, as in `argmax`, and NaN as larger than any number.
/// It keeps counts only.
class Accuracy {
 public:
  /// ValueError for top_k below 1.
  explicit Accuracy(const AccuracyOptions& options = {}, const Location& where = Location::current());

  /// Scores [N, C, ...] and int64 classes [N, ...], as for `cross_entropy`. ShapeError, DTypeError; IndexError for a
  /// class that is none and not ignored. An error leaves the counts as they were.
  void add(const Operand& scores, const Operand& classes);
  std::int64_t count() const { return count_; }
  /// ValueError for no samples.
  double value(const Location& where = Location::current()) const;
  void reset() { right_ = count_ = 0; }

 private:
  AccuracyOptions options_;
  std::int64_t right_ = 0, count_ = 0;
};

/// The same of one batch.
double accuracy(const Operand& scores, const Operand& classes, const AccuracyOptions& options = {});

}  // namespace xgrad::nn::metrics
