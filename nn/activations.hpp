#pragma once

// Activations: compositions, so their derivatives of every order come out of the tape. NaN stays NaN.

#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"

namespace xgrad {

Tensor sigmoid(const Operand& x);     ///< 1 / (1 + e^-x), accurate in both tails
Tensor logsigmoid(const Operand& x);  ///< log(sigmoid(x))
Tensor relu(const Operand& x);        ///< max(x, 0); its derivative at 0 is 0
Tensor silu(const Operand& x);        ///< x * sigmoid(x)
Tensor softsign(const Operand& x);    ///< x / (1 + |x|), also at infinity; its second derivative at 0 is 0

enum class Gelu { exact, tanh };

namespace detail {
struct LeakyRelu {
  Tensor operator()(const Operand& x, double slope = 0.01) const;
};
struct Elu {
  Tensor operator()(const Operand& x, double alpha = 1) const;
};
struct Softplus {
  Tensor operator()(const Operand& x, double beta = 1, double threshold = 20) const;
};
struct GeluOf {
  Tensor operator()(const Operand& x, Gelu form = Gelu::exact) const;
};
}  // namespace detail

// Function objects: handed on, as to Sequential, they keep their defaults.

/// leaky_relu(x, slope = 0.01): x for x > 0, else slope * x; its derivative at 0 is the slope.
inline constexpr detail::LeakyRelu leaky_relu;
/// elu(x, alpha = 1): x for x > 0, else alpha * (e^x - 1) (Clevert, Unterthiner and Hochreiter, 2015).
inline constexpr detail::Elu elu;
/// softplus(x, beta = 1, threshold = 20): log(1 + e^(beta x)) / beta, and x itself where beta x > threshold. ValueError
/// unless beta > 0.
inline constexpr detail::Softplus softplus;
/// gelu(x, form = Gelu::exact): x * P(X <= x) for a standard normal X, which is x/2 * erfc(-x / sqrt 2), accurate in
/// its tail, or its approximation x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) (Hendrycks and Gimpel, 2016).
inline constexpr detail::GeluOf gelu;

namespace nn {
using xgrad::elu;
using xgrad::Gelu;
using xgrad::gelu;
using xgrad::leaky_relu;
using xgrad::log_softmax;
using xgrad::logsigmoid;
using xgrad::relu;
using xgrad::sigmoid;
using xgrad::silu;
using xgrad::softmax;
using xgrad::softplus;
using xgrad::softsign;
using xgrad::tanh;
}  // namespace nn

}  // namespace xgrad
