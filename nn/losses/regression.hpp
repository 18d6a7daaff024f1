#pragma once

// Losses of numbers that are to be predicted.

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"
#include "nn/reduction.hpp"

namespace xgrad::nn {

/// (output - target)^2 of each element.
Tensor mse_loss(const Operand& output, const Operand& target, Reduction reduction = Reduction::mean);
/// sum_j (output_j - target_j)^2 over the outputs of each sample (all axes but the first); then reduced over the
/// samples.
Tensor squared_error(const Operand& output, const Operand& target, Reduction reduction = Reduction::mean);
/// Half of `squared_error`, whose derivative by the output is output - target.
Tensor half_squared_error(const Operand& output, const Operand& target, Reduction reduction = Reduction::mean);
/// |output - target|, with derivative 0 where they are equal.
Tensor l1_loss(const Operand& output, const Operand& target, Reduction reduction = Reduction::mean);

struct SmoothL1Options {
  double beta = 1;
  Reduction reduction = Reduction::mean;
};
/// With d = |output - target|: d^2 / (2 beta) for d < beta, else d - beta / 2 (Girshick, 2015).
Tensor smooth_l1_loss(const Operand& output, const Operand& target, SmoothL1Options options = {});

struct HuberOptions {
  double delta = 1;
  Reduction reduction = Reduction::mean;
};
/// With d = |output - target|: d^2 / 2 for d <= delta, else delta (d - delta / 2) (Huber, 1964).
Tensor huber_loss(const Operand& output, const Operand& target, HuberOptions options = {});

struct QuantileOptions {
  double quantile = 0.5;  ///< in [0, 1]
  Reduction reduction = Reduction::mean;
};
/// With e = target - output: q e for e > 0, else (q - 1) e, whose smallest mean is at the q-quantile of the target; its
/// derivative is 0 where they are equal (Koenker and Bassett, 1978; also known as the pinball loss).
Tensor quantile_loss(const Operand& output, const Operand& target, QuantileOptions options = {});

struct PoissonNllOptions {
  bool log_input = true;  ///< whether the output is the logarithm of the rate
  bool full = false;      ///< whether log target! is added, by Stirling's formula, for targets above 1
  double eps = 1e-8;      ///< beside a rate in the logarithm
  Reduction reduction = Reduction::mean;
};
/// e^output - target output, or output - target log(output + eps) where the output is the rate itself: the negative
/// logarithm of Poisson's distribution, but for log target!.
Tensor poisson_nll_loss(const Operand& output, const Operand& target, PoissonNllOptions options = {});

struct GaussianNllOptions {
  bool full = false;  ///< whether log(2 pi) / 2 is added
  double eps = 1e-6;  ///< variances below it count as it, with derivative 0
  Reduction reduction = Reduction::mean;
};
/// (log v + (output - target)^2 / v) / 2 for a variance v of each element; or of each sample, where its last axis has
/// size 1 or is not there (Nix and Weigend, 1994). ValueError for a variance below 0.
Tensor gaussian_nll_loss(const Operand& output, const Operand& target, const Operand& variance,
                         GaussianNllOptions options = {});

}  // namespace xgrad::nn
