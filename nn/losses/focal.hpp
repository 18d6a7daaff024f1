#pragma once

// Cross-entropies that look away from what is known well already (Lin, Goyal, Girshick, He and Dollár, "Focal loss for
// dense object detection", 2017).

#include <cstdint>
#include <optional>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"
#include "nn/reduction.hpp"

namespace xgrad::nn {

struct SigmoidFocalOptions {
  std::optional<double> alpha = 0.25;  ///< weight of target 1, and 1 - alpha that of 0; none: both 1
  double gamma = 2;                    ///< at least 0
  Reduction reduction = Reduction::mean;
};
/// alpha (1 - p)^gamma (-log p) for target 1 and (1 - alpha) p^gamma (-log(1 - p)) for 0, with p the sigmoid of the
/// logits; between them for targets between. Without cancellation where p is near 0 or 1. ValueError for gamma < 0.
Tensor sigmoid_focal_loss(const Operand& logits, const Operand& target, const SigmoidFocalOptions& options = {});

struct FocalOptions {
  Tensor class_weights{};            ///< [classes]
  double gamma = 2;                  ///< at least 0
  std::int64_t ignore_index = -100;  ///< samples of this class do not count
  std::optional<std::int64_t> axis{};
  Reduction reduction = Reduction::mean;
};
/// w_y (1 - p_y)^gamma (-log p_y) with p = softmax(logits), for class indices y as in `cross_entropy`; the mean is over
/// the samples that are not ignored (NaN when all are). ValueError for gamma < 0.
Tensor focal_loss(const Operand& logits, const Operand& target, const FocalOptions& options = {});

}  // namespace xgrad::nn
