#pragma once

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::nn {

/// (x - mean) / sqrt(variance + eps) * weight + bias, with the mean and the biased variance over the last axes, which
/// have the sizes of `shape`; weight and bias have that shape, or are left out (Ba, Kiros, Hinton, "Layer
/// normalization", 2016). ShapeError where x does not end in `shape`.
Tensor layer_norm(const Operand& x, const Shape& shape, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);

/// x / sqrt(mean(x^2) + eps) * weight, with the mean over the last axes, which have the sizes of `shape`; the weight
/// has that shape, or is left out (Zhang, Sennrich, "Root mean square layer normalization", 2019). ShapeError where x
/// does not end in `shape`.
Tensor rms_norm(const Operand& x, const Shape& shape, const Tensor& weight = {}, double eps = 1e-5);

/// (x - mean) / sqrt(variance + eps) * weight + bias, with the mean and the biased variance over each of so many equal
/// groups of the channels, which are axis 1, of each example; weight and bias are of each channel, or are left out (Wu,
/// He, "Group normalization", 2018). ShapeError for fewer than two axes; ValueError for groups that do not divide the
/// channels, or have one element only.
Tensor group_norm(const Operand& x, std::int64_t groups, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);

/// The same with every channel for a group of its own (Ulyanov, Vedaldi, Lempitsky, "Instance normalization", 2016).
Tensor instance_norm(const Operand& x, const Tensor& weight = {}, const Tensor& bias = {}, double eps = 1e-5);

struct BatchNormOptions {
  Tensor weight{}, bias{};  ///< of each channel
  bool training = true;     ///< by the statistics of this batch, which the running ones then move to; else by those
  double momentum = 0.1;    ///< the weight of the new batch in the running statistics
  double eps = 1e-5;
};
/// What batch_norm gives: the result, and the running statistics after it, without derivative; undefined where none
/// were given.
struct BatchNormalised {
  Tensor output, mean, variance;
};
/// (x - mean) / sqrt(variance + eps) * weight + bias for each channel, which is axis 1 (Ioffe, Szegedy, "Batch
/// normalization", 2015). In training the mean and the biased variance are those of the batch, and the running ones,
/// vectors of a number for each channel, become (1 - momentum) old + momentum new, with the unbiased variance.
/// ValueError in training with one element for each channel, and otherwise without running statistics.
BatchNormalised batch_norm(const Operand& x, const Tensor& running_mean, const Tensor& running_variance,
                           const BatchNormOptions& options = {});

}  // namespace xgrad::nn
