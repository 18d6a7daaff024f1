#pragma once

// Normalisation of channels by the statistics of a batch or of an example, with running statistics.

#include <cstdint>
#include <optional>

#include "nn/module.hpp"

namespace xgrad::nn {

struct BatchNormLayerOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  ///< the weight of a new batch; without it, all batches count the same
  bool affine = true;                    ///< with weight, which begins with 1, and bias, which begins with 0
  bool track_running_stats = true;       ///< without them, evaluation goes by the statistics of the batch, too
  bool frozen = false;                   ///< training goes by the running statistics, too, and leaves them
  DType dtype = float32;
};

struct InstanceNormLayerOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;
  bool affine = false;
  bool track_running_stats = false;
  DType dtype = float32;
};

namespace detail {

/// The Parameters and running statistics of some channels.
class ChannelNorm : public Module {
 public:
  void visit(Visitor& visitor) override;

  Parameter weight, bias;  ///< [C], undefined without
  /// What evaluation goes by; every call in training moves them. Undefined where they are not tracked.
  mutable Tensor running_mean, running_var;
  mutable Tensor num_batches_tracked;  ///< int64
  double eps;
  std::optional<double> momentum;

 protected:
  ChannelNorm(const char* call, std::int64_t channels, const InstanceNormLayerOptions& options, const Location& where);

  bool tracks() const { return running_mean.defined(); }
  /// ShapeError unless x has the channels along an axis.
  void check_channels(const Tensor& x, std::int64_t axis, const char* call, const Location& where) const;
  /// How much the next batch weighs. GraphError inside vmap.
  double next_weight(const char* call, const Location& where) const;
  /// After the next batch they are these.
  void move_to(const Tensor& mean, const Tensor& variance) const;

  std::int64_t channels_;
};

template <int Spatial>
class BatchNorm : public ChannelNorm {
 public:
  explicit BatchNorm(std::int64_t channels, BatchNormLayerOptions options = {},
                     const Location& where = Location::current());
  Tensor operator()(const Operand& x) const;

  bool frozen;
};

template <int Spatial>
class InstanceNorm : public ChannelNorm {
 public:
  explicit InstanceNorm(std::int64_t channels, InstanceNormLayerOptions options = {},
                        const Location& where = Location::current());
  Tensor operator()(const Operand& x) const;
};

}  // namespace detail

// y = (x - mean) / sqrt(variance + eps) * weight + bias of each channel, for x [N, C] or [N, C, L] (1d), [N, C, H, W]
// (2d) or [N, C, D, H, W] (3d) (Ioffe, Szegedy, 2015). In training, mean and biased variance are those of the batch,
// and the running ones become (1 - momentum) old + momentum new, with the unbiased variance, or, without momentum, the
// averages of all batches; in evaluation, they are the running ones. Inside a checkpoint they move once; NoGrad does
// not stop them. The constructor throws ValueError for channels below 1, eps below 0, a momentum outside [0, 1], and
// for frozen layers without running statistics; a call ShapeError for other axes or channels, in training ValueError
// for one element for each channel and GraphError inside vmap, where each example would leave statistics of its own.

struct BatchNorm1d : detail::BatchNorm<1> {
  using BatchNorm::BatchNorm;
};
struct BatchNorm2d : detail::BatchNorm<2> {
  using BatchNorm::BatchNorm;
};
struct BatchNorm3d : detail::BatchNorm<3> {
  using BatchNorm::BatchNorm;
};

// The same by the statistics of each channel of each example, for x [N, C, ...spatial], or without N (Ulyanov, Vedaldi,
// Lempitsky, 2016): in evaluation, too, unless running statistics are tracked, which are then averages over the
// examples. Errors as above; ValueError for one spatial element.

struct InstanceNorm1d : detail::InstanceNorm<1> {
  using InstanceNorm::InstanceNorm;
};
struct InstanceNorm2d : detail::InstanceNorm<2> {
  using InstanceNorm::InstanceNorm;
};
struct InstanceNorm3d : detail::InstanceNorm<3> {
  using InstanceNorm::InstanceNorm;
};

}  // namespace xgrad::nn
