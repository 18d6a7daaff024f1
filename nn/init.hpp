#pragma once

// Initial values of weights. For a weight [out, in, k...] the fan-in is in * k... and the fan-out is out * k...

#include <string_view>

#include "autograd/core/random.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::nn::init {

// How much an activation shrinks the deviation of what passes through it.
inline constexpr double linear_gain = 1;
inline constexpr double sigmoid_gain = 1;
inline constexpr double tanh_gain = 5.0 / 3;
inline constexpr double relu_gain = 1.4142135623730951;
inline constexpr double selu_gain = 3.0 / 4;
double leaky_relu_gain(double slope = 0.01);  ///< sqrt(2 / (1 + slope^2))
/// The gain by name, with the names of PyTorch: linear, conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d,
/// conv_transpose3d, sigmoid, tanh, relu, leaky_relu (of that slope), selu. ValueError for other names.
double calculate_gain(std::string_view activation, double slope = 0.01, const Location& where = Location::current());

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

struct LeCunOptions {
  DType dtype = float32;
};
/// U(-a, a) with a = sqrt(3 / fan_in) (LeCun, Bottou, Orr and Müller, "Efficient backprop", 1998).
Tensor lecun_uniform(const Shape& shape, Rng& rng, LeCunOptions options = {},
                     const Location& where = Location::current());
/// N(0, 1 / fan_in), which goes with selu.
Tensor lecun_normal(const Shape& shape, Rng& rng, LeCunOptions options = {},
                    const Location& where = Location::current());

struct TruncatedNormalOptions {
  double mean = 0;
  double deviation = 1;
  double low = -2;
  double high = 2;
  DType dtype = float32;
};
/// N(mean, deviation^2), given that it lies in [low, high].
Tensor truncated_normal(const Shape& shape, Rng& rng, TruncatedNormalOptions options = {},
                        const Location& where = Location::current());

struct OrthogonalOptions {
  double gain = 1;
  DType dtype = float32;
};
/// gain times a random matrix with orthonormal rows or columns, whichever are fewer, of the weight as a matrix [out, in
/// * k...]: the q of normally distributed numbers, with the signs that make each such matrix as likely as the others
/// (Saxe, McClelland and Ganguli, 2013; Mezzadri, 2006). ShapeError for fewer than two axes or an axis of size 0.
Tensor orthogonal(const Shape& shape, Rng& rng, OrthogonalOptions options = {},
                  const Location& where = Location::current());

struct IdentityOptions {
  double gain = 1;
  DType dtype = float32;
};
/// gain on the diagonal of a matrix, zeros elsewhere. ShapeError unless there are two axes.
Tensor identity(const Shape& shape, IdentityOptions options = {}, const Location& where = Location::current());

struct DiracOptions {
  std::int64_t groups = 1;  ///< of output channels, each of which takes the first input channels
  DType dtype = float32;
};
/// For weights [out, in, k...] of convolutions with one to three spatial axes: 1 in the middle of the window for output
/// channel i of a group and input channel i, zeros elsewhere, so that channels are handed on. ShapeError for other
/// shapes; ValueError unless the groups divide the output channels.
Tensor dirac(const Shape& shape, DiracOptions options = {}, const Location& where = Location::current());

struct SparseOptions {
  double deviation = 0.01;
  DType dtype = float32;
};
/// N(0, deviation^2), but for a part of each column, rounded up, that is zero, in random places (Martens, "Deep
/// learning via Hessian-free optimization", 2010). ShapeError unless there are two axes; ValueError for a sparsity
/// outside [0, 1].
Tensor sparse(const Shape& shape, Rng& rng, double sparsity, SparseOptions options = {},
              const Location& where = Location::current());

}  // namespace xgrad::nn::init
