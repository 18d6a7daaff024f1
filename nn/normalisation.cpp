#include "nn/normalisation.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/ops.hpp"

namespace xgrad::nn {

namespace {

Tensor scaled(Tensor y, const Tensor& weight, const Tensor& bias) {
  if (weight.defined()) y = y * weight;
  return bias.defined() ? y + bias : y;
}

void check_like(const Tensor& given, const Shape& shape, const Tensor& x, const char* call, const char* name,
                const Location& where) {
  if (!given.defined()) return;
  check<ShapeError>(given.shape() == shape, where, call, ": ", name, " is ", describe(given), ", not ", shape, " for ",
                    describe(x));
}

// The axes of x that have the sizes of `shape`.
std::vector<std::int64_t> last_axes(const Tensor& x, const Shape& shape, const char* call, const Location& where) {
  check<DTypeError>(is_floating(x.dtype()), where, call, ": needs a floating dtype, got ", describe(x));
  const std::int64_t first = x.ndim() - shape.ndim();
  const bool fits = shape.ndim() > 0 && first >= 0 &&
                    Shape(x.shape().data() + first, static_cast<std::size_t>(shape.ndim())) == shape;
  check<ShapeError>(fits, where, call, ": ", describe(x), " does not end in ", shape);
  std::vector<std::int64_t> axes;
  for (std::int64_t axis = first; axis < x.ndim(); ++axis) axes.push_back(axis);
  return axes;
}

/// x as a matrix, so that reductions and broadcasts are of whole rows: [N C, ...] with a row for each channel of each
/// example, or x itself where that is [N, C].
class Channels {
 public:
  explicit Channels(const Tensor& x) : shape_(x.shape()), single_(x.ndim() == 2) {
    for (std::int64_t axis = 2; axis < x.ndim(); ++axis) each_ *= x.size(axis);
  }
  Tensor matrix(const Tensor& x) const { return single_ ? x : reshape(x, {shape_[0] * shape_[1], each_}); }
  /// [N, C]: the mean of each row.
  Tensor means(const Tensor& matrix) const {
    return single_ ? matrix : reshape(mean(matrix, 1), {shape_[0], shape_[1]});
  }
  /// Numbers [N, C] or [C], beside the matrix.
  Tensor beside(const Tensor& numbers) const {
    if (single_ || !numbers.defined()) return numbers;
    return reshape(broadcast_to(numbers, {shape_[0], shape_[1]}), {shape_[0] * shape_[1], 1});
  }
  /// x, of what is left of the matrix without its mean.
  Tensor finished(const Tensor& centred, const Tensor& variance, double eps, const Tensor& weight,
                  const Tensor& bias) const {
    const Tensor scale = rsqrt(variance + eps);
    return reshape(scaled(centred, beside(weight.defined() ? scale * weight : scale), beside(bias)), shape_);
  }

 private:
  Shape shape_;
  std::int64_t each_ = 1;
  bool single_;  // one element of each channel
};

Tensor moved(const Tensor& old, const Tensor& found, double momentum) {
  return stop_gradient((1 - momentum) * old + momentum * found);
}

}  // namespace

Tensor layer_norm(const Operand& operand, const Shape& shape, const Tensor& weight, const Tensor& bias, double eps) {
  const Location& where = operand.where();
  const CallScope scope("layer_norm", where);
  const Tensor x = operand.tensor();
  const std::vector<std::int64_t> axes = last_axes(x, shape, "layer_norm", where);
  check_like(weight, shape, x, "layer_norm", "the weight", where);
  check_like(bias, shape, x, "layer_norm", "the bias", where);
  if (x.numel() == 0) return scaled(x, weight, bias);
  return scaled((x - mean(x, axes, keep_dims)) / sqrt(var(x, axes, 0, keep_dims) + eps), weight, bias);
}

Tensor rms_norm(const Operand& operand, const Shape& shape, const Tensor& weight, double eps) {
  const Location& where = operand.where();
  const CallScope scope("rms_norm", where);
  const Tensor x = operand.tensor();
  const std::vector<std::int64_t> axes = last_axes(x, shape, "rms_norm", where);
  check_like(weight, shape, x, "rms_norm", "the weight", where);
  if (x.numel() == 0) return scaled(x, weight, {});
  return scaled(x / sqrt(mean(square(x), axes, keep_dims) + eps), weight, {});
}

namespace {

// Of `groups` groups of channels in each example, or of each channel alone.
Tensor by_groups(const Tensor& x, std::optional<std::int64_t> given, const Tensor& weight, const Tensor& bias,
                 double eps, const char* call, const Location& where) {
  check<DTypeError>(is_floating(x.dtype()), where, call, ": needs a floating dtype, got ", describe(x));
  check<ShapeError>(x.ndim() >= 2, where, call, ": needs at least two axes, got ", describe(x));
  const std::int64_t channels = x.size(1), groups = given.value_or(channels);
  check<ValueError>((groups > 0 || !given) && (groups == 0 || channels % groups == 0), where, call, ": ", groups,
                    " groups do not divide the ", channels, " channels of ", describe(x));
  check_like(weight, {channels}, x, call, "the weight", where);
  check_like(bias, {channels}, x, call, "the bias", where);
  const Channels by(x);
  const Tensor matrix = by.matrix(x);
  // Nothing, which depends on everything all the same.
  if (x.size(0) * groups == 0) return by.finished(matrix, ones({channels}, x.dtype()), eps, weight, bias);
  const std::int64_t size = channels / groups;
  check<ValueError>(x.numel() / (x.size(0) * groups) > 1, where, call, ": needs more than one element for each ",
                    given ? "group" : "channel of an example", ", got ", describe(x));
  const auto average = [&](const Tensor& numbers) {
    const Tensor means = mean(reshape(by.means(numbers), {x.size(0), groups, size}), 2, keep_dims);
    return reshape(broadcast_to(means, {x.size(0), groups, size}), {x.size(0), channels});
  };
  const Tensor centred = matrix - by.beside(average(matrix));
  return by.finished(centred, average(square(centred)), eps, weight, bias);
}

}  // namespace

Tensor group_norm(const Operand& x, std::int64_t groups, const Tensor& weight, const Tensor& bias, double eps) {
  const CallScope scope("group_norm", x.where());
  return by_groups(x.tensor(), groups, weight, bias, eps, "group_norm", x.where());
}

Tensor instance_norm(const Operand& x, const Tensor& weight, const Tensor& bias, double eps) {
  const CallScope scope("instance_norm", x.where());
  return by_groups(x.tensor(), std::nullopt, weight, bias, eps, "instance_norm", x.where());
}

BatchNormalised batch_norm(const Operand& operand, const Tensor& running_mean, const Tensor& running_variance,
                           const BatchNormOptions& options) {
  const Location& where = operand.where();
  const CallScope scope("batch_norm", where);
  const Tensor x = operand.tensor();
  check<DTypeError>(is_floating(x.dtype()), where, "batch_norm: needs a floating dtype, got ", describe(x));
  check<ShapeError>(x.ndim() >= 2, where, "batch_norm: needs at least two axes, got ", describe(x));
  const std::int64_t channels = x.size(1), each = channels > 0 ? x.numel() / channels : 0;
  check_like(running_mean, {channels}, x, "batch_norm", "the running mean", where);
  check_like(running_variance, {channels}, x, "batch_norm", "the running variance", where);
  check_like(options.weight, {channels}, x, "batch_norm", "the weight", where);
  check_like(options.bias, {channels}, x, "batch_norm", "the bias", where);
  check<ValueError>(running_mean.defined() == running_variance.defined(), where,
                    "batch_norm: of the running mean and the running variance, one is undefined");
  const Channels by(x);
  const Tensor matrix = by.matrix(x);
  const auto output = [&](const Tensor& centred, const Tensor& variance) {
    return by.finished(centred, variance, options.eps, options.weight, options.bias);
  };
  if (!options.training) {
    check<ValueError>(running_mean.defined(), where, "batch_norm: there are no running statistics to normalise by");
    return {output(matrix - by.beside(running_mean), running_variance), running_mean, running_variance};
  }
  check<ValueError>(each > 1, where, "batch_norm: needs more than one element for each channel, got ", describe(x));
  const auto average = [&](const Tensor& numbers) { return mean(by.means(numbers), 0); };
  const Tensor means = average(matrix), centred = matrix - by.beside(means), variance = average(square(centred));
  BatchNormalised result{output(centred, variance), {}, {}};
  if (running_mean.defined()) {
    const double unbiased = static_cast<double>(each) / static_cast<double>(each - 1);
    result.mean = moved(running_mean, means, options.momentum);
    result.variance = moved(running_variance, unbiased * variance, options.momentum);
  }
  return result;
}

}  // namespace xgrad::nn
