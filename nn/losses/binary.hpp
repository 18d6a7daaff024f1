#pragma once

// Losses of answers yes and no, of which there may be several for a sample.

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"
#include "nn/reduction.hpp"

namespace xgrad::nn {

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

struct MultilabelSoftMarginOptions {
  Tensor weight{};  ///< of each label
  Reduction reduction = Reduction::mean;
};
/// -1/C sum_c w_c (y_c log s(x_c) + (1 - y_c) log(1 - s(x_c))) with s the sigmoid, for scores x [N, C] or [C] and
/// targets y of 0 and 1: the losses of the samples. ShapeError for other shapes.
Tensor multilabel_soft_margin_loss(const Operand& scores, const Operand& target,
                                   const MultilabelSoftMarginOptions& options = {});

}  // namespace xgrad::nn
