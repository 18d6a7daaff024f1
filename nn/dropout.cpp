#include "nn/dropout.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

namespace {

Tensor floating(const Operand& x, const char* call) {
  const Tensor input = x.tensor();
  check<DTypeError>(is_floating(input.dtype()), x.where(), call, ": needs a floating dtype, got ", describe(input));
  return input;
}

void check_probability(double p, const char* call, const Location& where) {
  check<ValueError>(p >= 0 && p <= 1, where, call, ": the probability ", p, " is not in [0, 1]");
}

/// A mask that is true with probability 1 - p.
Tensor drawn(const Shape& shape, double p, Rng& rng, const Location& where) {
  if (p == 1) return zeros(shape, boolean);
  return uniform(shape, rng, 0, 1, float32, where) >= p;
}

/// x / (1 - p) where the mask is true, else 0.
Tensor masked(const Tensor& x, const Tensor& mask, double p) { return where(mask, p == 1 ? x : x * (1 / (1 - p)), 0); }

/// A number for each channel of x, which has so many axes behind it, and perhaps one before.
Shape each_channel(const Tensor& x, std::int64_t behind, const char* call, const Location& where) {
  check<ShapeError>(x.ndim() == behind + 1 || x.ndim() == behind + 2, where, call, ": needs ", behind + 1, " or ",
                    behind + 2, " axes, got ", describe(x));
  Shape shape = x.shape();
  for (std::int64_t i = x.ndim() - behind; i < x.ndim(); ++i) shape[i] = 1;
  return shape;
}

}  // namespace

Tensor dropout(const Operand& x, double p, Rng& rng) {
  const CallScope scope("dropout", x.where());
  check_probability(p, "dropout", x.where());
  const Tensor input = floating(x, "dropout");
  return p == 0 ? input : masked(input, drawn(input.shape(), p, rng, x.where()), p);
}

Dropout::Dropout(double p, Rng rng, const Location& where) : p_(p), rng_(rng) {
  check_probability(p, "Dropout", where);
}

Tensor Dropout::kept(const Shape& shape, const Location& where) const { return drawn(shape, p_, rng_, where); }

Tensor Dropout::scaled(const Tensor& x, const Shape& mask, const Location& where) const {
  return idle() ? x : masked(x, kept(mask, where), p_);
}

Tensor Dropout::operator()(const Operand& x) const {
  const Call call(*this, "Dropout", x.where());
  const Tensor input = floating(x, "Dropout");
  return call.result(scaled(input, input.shape(), x.where()));
}

Tensor Dropout1d::operator()(const Operand& x) const {
  const Call call(*this, "Dropout1d", x.where());
  const Tensor input = floating(x, "Dropout1d");
  return call.result(scaled(input, each_channel(input, 1, "Dropout1d", x.where()), x.where()));
}

Tensor Dropout2d::operator()(const Operand& x) const {
  const Call call(*this, "Dropout2d", x.where());
  const Tensor input = floating(x, "Dropout2d");
  return call.result(scaled(input, each_channel(input, 2, "Dropout2d", x.where()), x.where()));
}

Tensor Dropout3d::operator()(const Operand& x) const {
  const Call call(*this, "Dropout3d", x.where());
  const Tensor input = floating(x, "Dropout3d");
  return call.result(scaled(input, each_channel(input, 3, "Dropout3d", x.where()), x.where()));
}

namespace {

/// a x + b where the mask is true, else a m + b.
Tensor self_normalised(const Tensor& x, const Tensor& kept, double p) {
  if (p == 1) return where(kept, x, 0);
  constexpr double m = -1.7580993408473766;
  const double a = 1 / std::sqrt((1 - p) * (1 + p * m * m)), b = -a * p * m;
  return where(kept, a * x + b, a * m + b);
}

}  // namespace

Tensor AlphaDropout::operator()(const Operand& x) const {
  const Call call(*this, "AlphaDropout", x.where());
  const Tensor input = floating(x, "AlphaDropout");
  return call.result(idle() ? input : self_normalised(input, kept(input.shape(), x.where()), p()));
}

Tensor FeatureAlphaDropout::operator()(const Operand& x) const {
  const Call call(*this, "FeatureAlphaDropout", x.where());
  const Tensor input = floating(x, "FeatureAlphaDropout");
  check<ShapeError>(input.ndim() >= 2, x.where(), "FeatureAlphaDropout: needs at least two axes, got ",
                    describe(input));
  const Shape mask = each_channel(input, input.ndim() - 2, "FeatureAlphaDropout", x.where());
  return call.result(idle() ? input : self_normalised(input, kept(mask, x.where()), p()));
}

}  // namespace xgrad::nn
