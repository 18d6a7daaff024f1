#include "nn/batch_norm.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/tape/tape.hpp"
#include "nn/call.hpp"
#include "nn/normalisation.hpp"

namespace xgrad::nn::detail {

namespace {

template <int Spatial>
constexpr const char* batch_name = Spatial == 1   ? "BatchNorm1d"
                                   : Spatial == 2 ? "BatchNorm2d"
                                                  : "BatchNorm3d";
template <int Spatial>
constexpr const char* instance_name = Spatial == 1   ? "InstanceNorm1d"
                                      : Spatial == 2 ? "InstanceNorm2d"
                                                     : "InstanceNorm3d";

// The means over all examples of the mean and of the unbiased variance of each channel.
std::pair<Tensor, Tensor> averages(const Tensor& x) {
  std::vector<std::int64_t> spatial;
  for (std::int64_t axis = 2; axis < x.ndim(); ++axis) spatial.push_back(axis);
  return {mean(mean(x, spatial), 0), mean(var(x, spatial), 0)};
}

Tensor moved(const Tensor& old, const Tensor& found, double share) {
  return (1 - share) * old + share * stop_gradient(found);
}

}  // namespace

ChannelNorm::ChannelNorm(const char* call, std::int64_t channels, const InstanceNormLayerOptions& options,
                         const Location& where)
    : eps(options.eps), momentum(options.momentum), channels_(channels) {
  const CallScope scope(call, where);
  check<ValueError>(channels > 0, where, call, ": needs a positive number of channels, got ", channels);
  check<ValueError>(eps >= 0, where, call, ": eps is ", eps);
  check<ValueError>(!momentum || (*momentum >= 0 && *momentum <= 1), where, call, ": the momentum ",
                    momentum.value_or(0), " is not in [0, 1]");
  if (options.affine) {
    weight = Parameter(ones({channels}, options.dtype), where);
    bias = Parameter(zeros({channels}, options.dtype), where);
  }
  if (!options.track_running_stats) return;
  check<DTypeError>(is_floating(options.dtype), where, call, ": needs a floating dtype, got ", options.dtype);
  running_mean = zeros({channels}, options.dtype);
  running_var = ones({channels}, options.dtype);
  num_batches_tracked = tensor(std::int64_t{0});
}

void ChannelNorm::visit(Visitor& visitor) {
  visitor("weight", weight);
  visitor("bias", bias);
  visitor("running_mean", running_mean);
  visitor("running_var", running_var);
  visitor("num_batches_tracked", num_batches_tracked);
}

void ChannelNorm::check_channels(const Tensor& x, std::int64_t axis, const char* call, const Location& where) const {
  check<ShapeError>(x.size(axis) == channels_, where, call, ": needs ", channels_, " channels along axis ", axis,
                    ", got ", describe(x));
}

double ChannelNorm::next_weight(const char* call, const Location& where) const {
  check<GraphError>(!Tape::current().tracing, where, call,
                    ": its running statistics cannot move inside vmap, where each example would leave its own; "
                    "evaluate it, freeze it, or make it without them");
  return momentum ? *momentum : 1 / (num_batches_tracked.item(where) + 1);
}

void ChannelNorm::move_to(const Tensor& mean, const Tensor& variance) const {
  // A number that is known: counting is nothing to compute.
  num_batches_tracked = tensor(static_cast<std::int64_t>(num_batches_tracked.item()) + 1);
  running_mean = mean;
  running_var = variance;
}

template <int Spatial>
BatchNorm<Spatial>::BatchNorm(std::int64_t channels, BatchNormLayerOptions options, const Location& where)
    : ChannelNorm(batch_name<Spatial>, channels,
                  {options.eps, options.momentum, options.affine, options.track_running_stats, options.dtype}, where),
      frozen(options.frozen) {
  check<ValueError>(tracks() || !frozen, where, batch_name<Spatial>,
                    ": without running statistics it cannot be frozen");
}

template <int Spatial>
Tensor BatchNorm<Spatial>::operator()(const Operand& operand) const {
  constexpr const char* call = batch_name<Spatial>;
  const Location& where = operand.where();
  const Call scope(*this, call, where);
  const Tensor x = operand.tensor();
  const bool fits = x.ndim() == Spatial + 2 || (Spatial == 1 && x.ndim() == 2);
  check<ShapeError>(fits, where, call, ": needs [N, ", channels_, Spatial == 1 ? "], or that and " : "] and ", Spatial,
                    Spatial == 1 ? " spatial axis, got " : " spatial axes, got ", describe(x));
  check_channels(x, 1, call, where);
  const bool by_batch = !tracks() || (training() && !frozen), moves = tracks() && by_batch;
  const double share = moves ? next_weight(call, where) : 0;
  const BatchNormalised found =
      batch_norm(Operand(x, where), running_mean, running_var, {weight, bias, by_batch, share, eps});
  if (moves) move_to(found.mean, found.variance);
  return scope.result(found.output);
}

template <int Spatial>
InstanceNorm<Spatial>::InstanceNorm(std::int64_t channels, InstanceNormLayerOptions options, const Location& where)
    : ChannelNorm(instance_name<Spatial>, channels, options, where) {}

template <int Spatial>
Tensor InstanceNorm<Spatial>::operator()(const Operand& operand) const {
  constexpr const char* call = instance_name<Spatial>;
  const Location& where = operand.where();
  const Call scope(*this, call, where);
  const Tensor given = operand.tensor();
  check<ShapeError>(given.ndim() == Spatial + 1 || given.ndim() == Spatial + 2, where, call, ": needs [N, ", channels_,
                    "] and ", Spatial, " spatial axes, or [", channels_, "] and those, got ", describe(given));
  const bool single = given.ndim() == Spatial + 1;
  check_channels(given, single ? 0 : 1, call, where);
  const Tensor x = single ? unsqueeze(given, 0) : given;
  Tensor y;
  if (tracks() && !training()) {
    y = batch_norm(x, running_mean, running_var, {weight, bias, false, 0, eps}).output;
  } else {
    y = instance_norm(x, weight, bias, eps);
    if (tracks() && x.size(0) > 0) {
      const double share = next_weight(call, where);
      const auto [mean, variance] = averages(x);
      move_to(moved(running_mean, mean, share), moved(running_var, variance, share));
    }
  }
  return scope.result(single ? squeeze(y, 0) : y);
}

template class BatchNorm<1>;
template class BatchNorm<2>;
template class BatchNorm<3>;
template class InstanceNorm<1>;
template class InstanceNorm<2>;
template class InstanceNorm<3>;

}  // namespace xgrad::nn::detail
