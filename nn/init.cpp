#include "nn/init.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"

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

}  // namespace xgrad::nn::init
