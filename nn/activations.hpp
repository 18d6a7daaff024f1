#pragma once

// Activations: compositions, so their derivatives of every order come out of the tape. NaN stays NaN.

#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"

namespace xgrad {

Tensor sigmoid(const Operand& x);     ///< 1 / (1 + e^-x), accurate in both tails
Tensor logsigmoid(const Operand& x);  ///< log(sigmoid(x))
Tensor relu(const Operand& x);        ///< max(x, 0); its derivative at 0 is 0
Tensor silu(const Operand& x);        ///< x * sigmoid(x)
/// x for x > 0, else slope * x; its derivative at 0 is the slope.
Tensor leaky_relu(const Operand& x, double slope = 0.01);
/// x for x > 0, else alpha * (e^x - 1) (Clevert, Unterthiner and Hochreiter, 2015).
Tensor elu(const Operand& x, double alpha = 1);
/// log(1 + e^(beta x)) / beta, and x itself where beta x > threshold. ValueError unless beta > 0.
Tensor softplus(const Operand& x, double beta = 1, double threshold = 20);

enum class Gelu { exact, tanh };
/// x * P(X <= x) for a standard normal X: x/2 * erfc(-x / sqrt 2), accurate in its tail, or its approximation
/// x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) (Hendrycks and Gimpel, 2016).
Tensor gelu(const Operand& x, Gelu form = Gelu::exact);

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
using xgrad::tanh;
}  // namespace nn

}  // namespace xgrad
