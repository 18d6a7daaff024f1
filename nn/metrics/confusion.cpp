#include "nn/metrics/confusion.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "nn/metrics/samples.hpp"

namespace xgrad::nn::metrics {

ConfusionMatrix::ConfusionMatrix(std::int64_t classes, const ConfusionOptions& options, const Location& where)
    : classes_(classes), options_(options) {
  check<ValueError>(classes > 0 && classes <= 16384, where, "confusion_matrix: of ", classes, " classes");
  counts_.resize(static_cast<std::size_t>(classes * classes));
}

void ConfusionMatrix::add(const Operand& predicted, const Operand& actual) {
  const char* const name = "confusion_matrix";
  const Shape shape = actual.tensor().shape();
  const auto classes = static_cast<std::size_t>(classes_);
  const auto right = labels_of(actual, shape, classes, options_.ignore_index, name);
  const auto guessed = predictions_of(predicted, shape, classes, name);
  for (std::size_t i = 0; i < right.size(); ++i)
    if (right[i] != options_.ignore_index) ++counts_[static_cast<std::size_t>(right[i] * classes_ + guessed[i])];
}

std::int64_t ConfusionMatrix::at(std::int64_t actual, std::int64_t predicted, const Location& where) const {
  for (const std::int64_t index : {actual, predicted})
    check<IndexError>(index >= 0 && index < classes_, where, "confusion_matrix: class index ", index, ", for ",
                      classes_, " classes");
  return counts_[static_cast<std::size_t>(actual * classes_ + predicted)];
}

Tensor ConfusionMatrix::counts() const { return tensor(counts_, {classes_, classes_}); }

void ConfusionMatrix::reset() { std::ranges::fill(counts_, 0); }

Tensor confusion_matrix(const Operand& predicted, const Operand& actual, std::int64_t classes,
                        const ConfusionOptions& options) {
  ConfusionMatrix matrix(classes, options, predicted.where());
  matrix.add(predicted, actual);
  return matrix.counts();
}

}  // namespace xgrad::nn::metrics
