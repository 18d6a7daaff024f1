#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "nn/linear.hpp"

namespace xgrad::nn {

struct AdaptiveLogSoftmaxOptions {
  double div_value = 4;  ///< cluster i, from 0, is projected to in / div_value^(i + 1) features, but at least one
  bool head_bias = false;
  DType dtype = float32;
};

/// The log-probabilities of the targets, [N], and what they cost in the mean.
struct AdaptiveLoss {
  Tensor output, loss;
};

/// A softmax over many classes of which few are frequent: the classes are numbered by how frequent they are, the first
/// `cutoffs[0]` are classes of a head, and each further stretch up to the next cutoff is a cluster, for which the head
/// has one class and which has a softmax of its own, over features that are fewer the rarer its classes are (Grave,
/// Joulin, Cissé, Grangier and Jégou, "Efficient softmax approximation for GPUs", 2017):
///     log p(c) = log_softmax(head(x))[c] in the head, else log_softmax(head(x))[cluster] + log_softmax(tail(x))[c].
/// Weights have PyTorch's names: head.weight, tail.0.0.weight, tail.0.1.weight, ...
class AdaptiveLogSoftmaxWithLoss : public Module {
  std::vector<std::int64_t> cutoffs_;  // the number of classes is the last one

 public:
  /// ValueError unless sizes are positive and the cutoffs ascend between 1 and classes - 1.
  AdaptiveLogSoftmaxWithLoss(std::int64_t inputs, std::int64_t classes, std::vector<std::int64_t> cutoffs,
                             AdaptiveLogSoftmaxOptions options = {}, Rng& rng = default_rng(),
                             const Location& where = Location::current());

  /// x [N, in] and int64 classes [N]. Only the examples of a cluster go through its tail, where the classes are known
  /// already; else all go through all. ShapeError, DTypeError; IndexError for a class that is none; ValueError for the
  /// mean of an empty batch.
  AdaptiveLoss operator()(const Operand& x, const Operand& target) const;
  /// The log-probabilities of all classes: [N, classes].
  Tensor log_prob(const Operand& x) const;
  /// The most likely class of each example: int64 [N].
  Tensor predict(const Operand& x) const;
  void visit(Visitor& visitor) override;

  Linear head;
  std::vector<std::array<Linear, 2>> tail;

 private:
  Tensor of_head(const Tensor& x, const char* call, const Location& where) const;
  Tensor of_tail(std::size_t cluster, const Tensor& x) const;
  Tensor of_targets(const Tensor& x, const Tensor& target, const Location& where) const;
};

}  // namespace xgrad::nn
