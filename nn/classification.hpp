#pragma once

// Losses of a choice between classes. Class indices are int64 and have the shape of the scores without the class axis,
// which is axis 1, or 0 for scores with one axis only. Errors: DTypeError for indices that are not int64, ShapeError
// for shapes that do not fit, IndexError for an index outside [0, classes) that is not ignored, ValueError for an empty
// batch.

#include <cstdint>
#include <optional>

#include "autograd/tape/operand.hpp"
#include "nn/reduction.hpp"

namespace xgrad::nn {

struct CrossEntropyOptions {
  Tensor class_weights{};            ///< [classes]
  double label_smoothing = 0;        ///< in [0, 1]
  std::int64_t ignore_index = -100;  ///< samples of this class do not count
  std::optional<std::int64_t> axis{};
  Reduction reduction = Reduction::mean;
};
/// The cross-entropy of softmax(logits) with the target. For class indices y with weights w
///     l = w_y (log sum_c e^(z_c) - z_y),
/// and the mean is sum l / sum w_y over the samples that are not ignored (NaN when all are). With label smoothing s it
/// is (1 - s) l + s/C sum_c -w_c log p_c. For probabilities as targets, of the shape and dtype of the logits,
///     l = -sum_c w_c t_c log p_c,
/// where smoothing takes (1 - s) t + s/C for t, and the mean is over the samples.
Tensor cross_entropy(const Operand& logits, const Operand& target, const CrossEntropyOptions& options = {});

struct NllOptions {
  Tensor class_weights{};  ///< [classes]
  std::int64_t ignore_index = -100;
  std::optional<std::int64_t> axis{};
  Reduction reduction = Reduction::mean;
};
/// -w_y log p_y from log-probabilities and class indices y; reduced as for `cross_entropy`.
Tensor nll_loss(const Operand& log_probabilities, const Operand& target, const NllOptions& options = {});

struct MultiMarginOptions {
  int power = 1;  ///< 1 or 2
  double margin = 1;
  Tensor class_weights{};  ///< [classes]
  Reduction reduction = Reduction::mean;
};
/// w_y / C * sum over c != y of max(0, margin - x_y + x_c)^power, for scores x [N, C] or [C] and class indices y.
Tensor multi_margin_loss(const Operand& scores, const Operand& target, const MultiMarginOptions& options = {});

}  // namespace xgrad::nn
