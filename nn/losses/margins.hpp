#pragma once

// Losses that ask for a margin between scores, and nothing beyond it.

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"
#include "nn/reduction.hpp"

namespace xgrad::nn {

struct HingeOptions {
  double margin = 1;
  Reduction reduction = Reduction::mean;
};
/// max(0, margin - target * output) for targets 1 and -1.
Tensor hinge_loss(const Operand& output, const Operand& target, HingeOptions options = {});
/// output for target 1, max(0, margin - output) for target -1.
Tensor hinge_embedding_loss(const Operand& output, const Operand& target, HingeOptions options = {});
/// log(1 + e^(-target output)) for targets 1 and -1.
Tensor soft_margin_loss(const Operand& output, const Operand& target, Reduction reduction = Reduction::mean);

struct MarginRankingOptions {
  double margin = 0;
  Reduction reduction = Reduction::mean;
};
/// max(0, margin - target (first - second)): for target 1 the first is to be the larger one, for -1 the second.
Tensor margin_ranking_loss(const Operand& first, const Operand& second, const Operand& target,
                           MarginRankingOptions options = {});

/// 1/C * sum over the labels j and the classes c that are no labels of max(0, 1 - (x_j - x_c)), for scores x [N, C] or
/// [C]. The target is int64, of the same shape: the labels of each sample, up to the first -1. IndexError for a label
/// that is neither a class nor -1.
Tensor multilabel_margin_loss(const Operand& scores, const Operand& target, Reduction reduction = Reduction::mean);

}  // namespace xgrad::nn
