#pragma once

// Activations of the sigmoid family: they tend to a limit, or are the integral of one that does.

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

Tensor sigmoid(const Operand& x);     ///< 1 / (1 + e^-x), accurate in both tails
Tensor logsigmoid(const Operand& x);  ///< log(sigmoid(x))
Tensor softsign(const Operand& x);    ///< x / (1 + |x|), also at infinity; its second derivative at 0 is 0
/// x / 6 + 1/2 between -3 and 3, and 0 or 1 beyond; its derivative at -3 and 3 is 0.
Tensor hardsigmoid(const Operand& x);

namespace detail {
struct Softplus {
  Tensor operator()(const Operand& x, double beta = 1, double threshold = 20) const;
};
}  // namespace detail

/// softplus(x, beta = 1, threshold = 20): log(1 + e^(beta x)) / beta, and x itself where beta x > threshold. ValueError
/// unless beta > 0.
inline constexpr detail::Softplus softplus;

}  // namespace xgrad
