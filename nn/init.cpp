#include "nn/init.hpp"

#include <algorithm>
#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/draws.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/order.hpp"
#include "autograd/ops/orthogonal.hpp"

namespace xgrad::nn::init {

namespace {

Tensor symmetric(const Shape& shape, Rng& rng, double bound, DType dtype, const Location& where) {
  return xgrad::uniform(shape, rng, -bound, bound, dtype, where);
}

double root_of_fan(const Shape& shape, const ScaledOptions& options, const Location& where) {
  check<ValueError>(options.fan_in >= 0, where, "init: a fan-in of ", options.fan_in);
  return std::sqrt(static_cast<double>(options.fan_in > 0 ? options.fan_in : fans(shape, where).in));
}

double both_fans(const Shape& shape, const Location& where) {
  const auto [in, out] = fans(shape, where);
  return static_cast<double>(in) + static_cast<double>(out);
}

double fan_of(const Shape& shape, Fan which, const Location& where) {
  const auto [in, out] = fans(shape, where);
  return static_cast<double>(which == Fan::in ? in : out);
}

}  // namespace

double leaky_relu_gain(double slope) { return std::sqrt(2 / (1 + slope * slope)); }

double calculate_gain(std::string_view activation, double slope, const Location& where) {
  for (const std::string_view plain :
       {"linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid"})
    if (activation == plain) return 1;
  if (activation == "tanh") return tanh_gain;
  if (activation == "relu") return relu_gain;
  if (activation == "leaky_relu") return leaky_relu_gain(slope);
  if (activation == "selu") return selu_gain;
  fail<ValueError>(where, "calculate_gain: no gain is known of \"", activation, "\"");
}

Fans fans(const Shape& shape, const Location& where) {
  check<ShapeError>(shape.ndim() >= 2 && shape.numel() > 0, where, "init: the shape ", shape,
                    " has no fan-in and fan-out: it needs two axes or more, none empty");
  const std::int64_t field = shape.numel() / (shape[0] * shape[1]);
  return {shape[1] * field, shape[0] * field};
}

Tensor uniform(const Shape& shape, Rng& rng, UniformOptions options, const Location& where) {
  return xgrad::uniform(shape, rng, options.low, options.high, options.dtype, where);
}

Tensor normal(const Shape& shape, Rng& rng, NormalOptions options, const Location& where) {
  return xgrad::normal(shape, rng, options.mean, options.deviation, options.dtype, where);
}

Tensor constant(const Shape& shape, double value, DType dtype, const Location& where) {
  return full(shape, value, dtype, where);
}

Tensor scaled(const Shape& shape, Rng& rng, ScaledOptions options, const Location& where) {
  return symmetric(shape, rng, 1 / root_of_fan(shape, options, where), options.dtype, where);
}

Tensor scaled_normal(const Shape& shape, Rng& rng, ScaledOptions options, const Location& where) {
  return xgrad::normal(shape, rng, 0, 1 / root_of_fan(shape, options, where), options.dtype, where);
}

Tensor xavier_uniform(const Shape& shape, Rng& rng, XavierOptions options, const Location& where) {
  return symmetric(shape, rng, options.gain * std::sqrt(6 / both_fans(shape, where)), options.dtype, where);
}

Tensor xavier_normal(const Shape& shape, Rng& rng, XavierOptions options, const Location& where) {
  return xgrad::normal(shape, rng, 0, options.gain * std::sqrt(2 / both_fans(shape, where)), options.dtype, where);
}

Tensor kaiming_uniform(const Shape& shape, Rng& rng, KaimingOptions options, const Location& where) {
  return symmetric(shape, rng, options.gain * std::sqrt(3 / fan_of(shape, options.fan, where)), options.dtype, where);
}

Tensor kaiming_normal(const Shape& shape, Rng& rng, KaimingOptions options, const Location& where) {
  const double deviation = options.gain / std::sqrt(fan_of(shape, options.fan, where));
  return xgrad::normal(shape, rng, 0, deviation, options.dtype, where);
}

Tensor lecun_uniform(const Shape& shape, Rng& rng, LeCunOptions options, const Location& where) {
  return kaiming_uniform(shape, rng, {.gain = 1, .dtype = options.dtype}, where);
}

Tensor lecun_normal(const Shape& shape, Rng& rng, LeCunOptions options, const Location& where) {
  return kaiming_normal(shape, rng, {.gain = 1, .dtype = options.dtype}, where);
}

Tensor truncated_normal(const Shape& shape, Rng& rng, TruncatedNormalOptions options, const Location& where) {
  check<ValueError>(options.deviation > 0 && options.low < options.high, where,
                    "init: a normal distribution of deviation ", options.deviation, " between ", options.low, " and ",
                    options.high);
  return xgrad::truncated_normal(shape, rng, {options.mean, where}, {options.deviation, where}, {options.low, where},
                                 {options.high, where}, options.dtype);
}

Tensor orthogonal(const Shape& shape, Rng& rng, OrthogonalOptions options, const Location& where) {
  const CallScope scope("init: orthogonal", where);
  const std::int64_t rows = shape.ndim() > 0 ? shape[0] : 0, columns = fans(shape, where).in;
  // Tall, so that q has a column for each column; its r has a diagonal >= 0 (Mezzadri's signs).
  const bool wide = rows < columns;
  const Tensor numbers = xgrad::normal({std::max(rows, columns), std::min(rows, columns)}, rng, 0, 1, options.dtype);
  const Tensor q = qr(numbers).q * options.gain;
  return reshape(wide ? transpose(q) : q, shape);
}

Tensor identity(const Shape& shape, IdentityOptions options, const Location& where) {
  check<ShapeError>(shape.ndim() == 2, where, "init: the identity needs two axes, got ", shape);
  return eye(shape[0], shape[1], options.dtype, where) * options.gain;
}

Tensor dirac(const Shape& shape, DiracOptions options, const Location& where) {
  const CallScope scope("init: dirac", where);
  check<ShapeError>(shape.ndim() >= 3 && shape.ndim() <= 5, where,
                    "init: dirac needs [out, in] and one to three spatial axes, got ", shape);
  const std::int64_t groups = options.groups;
  check<ValueError>(groups > 0 && shape[0] % groups == 0, where, "init: dirac of ", shape[0], " channels in ", groups,
                    " groups");
  Tensor weight = tile(eye(shape[0] / groups, shape[1], options.dtype, where), {groups, 1});
  for (std::int64_t axis = 2; axis < shape.ndim(); ++axis) {
    const std::int64_t size = shape[axis], middle = size / 2;
    check<ShapeError>(size > 0, where, "init: dirac needs a window, got ", shape);
    weight = pad(unsqueeze(weight, axis), axis, middle, size - 1 - middle);
  }
  return weight;
}

Tensor sparse(const Shape& shape, Rng& rng, double sparsity, SparseOptions options, const Location& where) {
  const CallScope scope("init: sparse", where);
  check<ShapeError>(shape.ndim() == 2, where, "init: sparse needs two axes, got ", shape);
  check<ValueError>(sparsity >= 0 && sparsity <= 1, where, "init: a sparsity of ", sparsity, " is not in [0, 1]");
  const double zero_rows = std::ceil(sparsity * static_cast<double>(shape[0]));
  // Of each column, what would sort random numbers: every row once, in random order.
  const Tensor order = argsort(xgrad::uniform(shape, rng), 0);
  const Tensor numbers = xgrad::normal(shape, rng, 0, options.deviation, options.dtype);
  return xgrad::where(order < static_cast<std::int64_t>(zero_rows), 0, numbers);
}

}  // namespace xgrad::nn::init
