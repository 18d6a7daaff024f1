#pragma once

// Logarithms of the densities (or probabilities) of the usual distributions, and divergences between them. Arguments
// broadcast, and numbers take the dtype of the Tensors beside them. Values are not checked: outside its domain a
// density is what the formula gives, mostly NaN. At infinity its logarithm is -inf.

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::log_density {

/// -(x - mean)^2 / (2 deviation^2) - log(deviation sqrt(2 pi))
Tensor normal(const Operand& x, const Operand& mean, const Operand& deviation);
/// -|x - mean| / scale - log(2 scale)
Tensor laplace(const Operand& x, const Operand& mean, const Operand& scale);
/// The log-density of x if (x - mean) / scale has Student's t distribution with so many degrees of freedom.
Tensor student_t(const Operand& x, const Operand& freedom, const Operand& mean, const Operand& scale);
/// x log p + (1 - x) log(1 - p) with p = 1 / (1 + e^-logit), for x = 0 or 1.
Tensor bernoulli(const Operand& x, const Operand& logit);
/// The logarithm of softmax(logits) over the last axis at the class x (int64); logits [..., classes], x [...].
Tensor categorical(const Operand& x, const Operand& logits);
/// x log rate - rate - log x!, for x = 0, 1, ... as floating numbers.
Tensor poisson(const Operand& x, const Operand& rate);
/// shape log rate + (shape - 1) log x - rate x - log Gamma(shape), for x > 0.
Tensor gamma(const Operand& x, const Operand& shape, const Operand& rate);
/// (a - 1) log x + (b - 1) log(1 - x) - log B(a, b), for 0 < x < 1.
Tensor beta(const Operand& x, const Operand& a, const Operand& b);
/// Over the last axis: sum (a_i - 1) log x_i - sum log Gamma(a_i) + log Gamma(sum a_i), for x_i > 0 that add up to 1.
Tensor dirichlet(const Operand& x, const Operand& concentration);
/// Of vectors [..., n]: -|L^-1 (x - mean)|^2 / 2 - sum log L_ii - n log sqrt(2 pi), with the factor L of the covariance
/// that cholesky gives.
Tensor multivariate_normal(const Operand& x, const Operand& mean, const Operand& factor);

}  // namespace xgrad::log_density

/// The Kullback-Leibler divergence KL(p || q) = E_p[log p - log q].
namespace xgrad::kl_divergence {

Tensor normal(const Operand& mean_p, const Operand& deviation_p, const Operand& mean_q, const Operand& deviation_q);
Tensor laplace(const Operand& mean_p, const Operand& scale_p, const Operand& mean_q, const Operand& scale_q);
Tensor bernoulli(const Operand& logit_p, const Operand& logit_q);
/// Over the last axis; ShapeError unless both have the same number of classes.
Tensor categorical(const Operand& logits_p, const Operand& logits_q);
Tensor poisson(const Operand& rate_p, const Operand& rate_q);
Tensor gamma(const Operand& shape_p, const Operand& rate_p, const Operand& shape_q, const Operand& rate_q);
Tensor beta(const Operand& a_p, const Operand& b_p, const Operand& a_q, const Operand& b_q);
/// Over the last axis.
Tensor dirichlet(const Operand& concentration_p, const Operand& concentration_q);
Tensor multivariate_normal(const Operand& mean_p, const Operand& factor_p, const Operand& mean_q,
                           const Operand& factor_q);

}  // namespace xgrad::kl_divergence
