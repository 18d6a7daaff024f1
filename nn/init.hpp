#pragma once

// Initial values of weights. For a weight [out, in, k...] the fan-in is in * k... and the fan-out is out * k...

#include "autograd/core/random.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::nn::init {

// How much an activation shrinks the deviation of what passes through it.
inline constexpr double linear_gain = 1;
inline constexpr double sigmoid_gain = 1;
inline constexpr double tanh_gain = 5.0 / 3;
inline constexpr double relu_gain = 1.4142135623730951;
double leaky_relu_gain(double slope = 0.01);  ///< sqrt(2 / (1 + slope^2))

struct Fans {
  std::int64_t in;
  std::int64_t out;
};
/// ShapeError for fewer than two axes or an axis of size 0.
Fans fans(const Shape& shape, const Location& where = Location::current());

struct UniformOptions {
  double low = -1;
  double high = 1;
  DType dtype = float32;
};
/// U(low, high)
Tensor uniform(const Shape& shape, Rng& rng, UniformOptions options = {}, const Location& where = Location::current());

struct NormalOptions {
  double mean = 0;
  double deviation = 1;
  DType dtype = float32;
};
/// N(mean, deviation^2)
Tensor normal(const Shape& shape, Rng& rng, NormalOptions options = {}, const Location& where = Location::current());

Tensor constant(const Shape& shape, double value, DType dtype = float32, const Location& where = Location::current());

struct ScaledOptions {
  std::int64_t fan_in = 0;  ///< 0: that of the shape
  DType dtype = float32;
};
/// U(-1/sqrt(fan_in), 1/sqrt(fan_in)): what Linear uses.
Tensor scaled(const Shape& shape, Rng& rng, ScaledOptions options = {}, const Location& where = Location::current());
/// N(0, 1/fan_in): what the textbooks use.
Tensor scaled_normal(const Shape& shape, Rng& rng, ScaledOptions options = {},
                     const Location& where = Location::current());

struct XavierOptions {
  double gain = 1;
  DType dtype = float32;
};
/// U(-a, a) with a = gain * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010).
Tensor xavier_uniform(const Shape& shape, Rng& rng, XavierOptions options = {},
                      const Location& where = Location::current());
/// N(0, s^2) with s = gain * sqrt(2 / (fan_in + fan_out)).
Tensor xavier_normal(const Shape& shape, Rng& rng, XavierOptions options = {},
                     const Location& where = Location::current());

enum class Fan { in, out };
struct KaimingOptions {
  double gain = relu_gain;
  Fan fan = Fan::in;
  DType dtype = float32;
};
/// U(-a, a) with a = gain * sqrt(3 / fan) (He, Zhang, Ren and Sun, 2015).
Tensor kaiming_uniform(const Shape& shape, Rng& rng, KaimingOptions options = {},
                       const Location& where = Location::current());
/// N(0, s^2) with s = gain / sqrt(fan).
Tensor kaiming_normal(const Shape& shape, Rng& rng, KaimingOptions options = {},
                      const Location& where = Location::current());

}  // namespace xgrad::nn::init
