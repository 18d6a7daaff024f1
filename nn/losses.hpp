#pragma once

// Losses of single elements: `output` and `target` must have the same shape and dtype (ShapeError, DTypeError: nothing
// is broadcast in silence). Every loss throws ValueError for the mean of an empty batch.

#include "autograd/tape/operand.hpp"
#include "nn/classification.hpp"
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

struct BinaryCrossEntropyOptions {
  Tensor weight{};      ///< of each element; broadcasts to them
  Tensor pos_weight{};  ///< of the term for target 1 (from logits only); broadcasts to the elements
  Reduction reduction = Reduction::mean;
};
/// -(y log p + (1 - y) log(1 - p)), for probabilities p; a logarithm below -100 counts as -100, with derivative 0.
Tensor binary_cross_entropy(const Operand& probabilities, const Operand& target,
                            const BinaryCrossEntropyOptions& options = {});
/// -(q y log s(z) + (1 - y) log(1 - s(z))) with s the sigmoid and q the weight of the positives, from logits z, without
/// overflow and without cancellation.
Tensor binary_cross_entropy_with_logits(const Operand& logits, const Operand& target,
                                        const BinaryCrossEntropyOptions& options = {});

struct KlDivOptions {
  bool log_target = false;                ///< the target holds log-probabilities, too
  Reduction reduction = Reduction::mean;  ///< `batch_mean` is what the mathematics says
};
/// p (log p - output) for a target distribution p; output are log-probabilities (Kullback and Leibler, 1951).
Tensor kl_div(const Operand& output, const Operand& target, KlDivOptions options = {});

struct HingeOptions {
  double margin = 1;
  Reduction reduction = Reduction::mean;
};
/// max(0, margin - target * output) for targets 1 and -1.
Tensor hinge_loss(const Operand& output, const Operand& target, HingeOptions options = {});
/// output for target 1, max(0, margin - output) for target -1.
Tensor hinge_embedding_loss(const Operand& output, const Operand& target, HingeOptions options = {});

}  // namespace xgrad::nn
