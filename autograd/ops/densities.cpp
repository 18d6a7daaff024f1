#include "autograd/ops/densities.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "autograd/core/fail.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/gamma.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/linalg.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

const double log_root_two_pi = 0.5 * std::log(2 * std::numbers::pi);

// As Tensors: numbers take the floating dtype of the first Tensor that has one, float32 where none has.
template <class... Operands>
std::array<Tensor, sizeof...(Operands)> together(const Operands&... operands) {
  DType dtype = float32;
  bool known = false;
  const auto look = [&](const Operand& x) {
    if (known || x.is_number() || !is_floating(x.tensor().dtype())) return;
    dtype = x.tensor().dtype();
    known = true;
  };
  (look(operands), ...);
  const Tensor like = zeros({}, dtype);
  return {operands.is_number() ? operands.tensor_like(like) : operands.tensor()...};
}

// log(1 + e^x) without overflow; by a branch, since |x| has no second derivative at 0
Tensor softplus(const Tensor& x) {
  const Tensor positive = x >= 0;
  return where(positive, x, 0) + log1p(exp(where(positive, -x, x)));
}

Tensor log_beta(const Tensor& a, const Tensor& b) { return lgamma(a) + lgamma(b) - lgamma(a + b); }

Tensor logarithms_of_diagonal(const Tensor& factor) { return sum(log(diagonal(factor, 0, -2, -1)), -1); }

// L^-1 x for vectors in the last axis
Tensor whitened(const Tensor& factor, const Tensor& x) {
  return squeeze(triangular_solve(factor, unsqueeze(x, -1)), -1);
}

}  // namespace

namespace log_density {

Tensor normal(const Operand& x_, const Operand& mean_, const Operand& deviation_) {
  const CallScope scope("log_density::normal", x_.where());
  const auto [x, mean, deviation] = together(x_, mean_, deviation_);
  return -0.5 * square((x - mean) / deviation) - log(deviation) - log_root_two_pi;
}

Tensor laplace(const Operand& x_, const Operand& mean_, const Operand& scale_) {
  const CallScope scope("log_density::laplace", x_.where());
  const auto [x, mean, scale] = together(x_, mean_, scale_);
  return -(abs(x - mean) / scale) - log(2 * scale);
}

// log Gamma((n + 1) / 2) - log Gamma(n / 2) - log(sqrt(n pi) scale) - (n + 1) / 2 log(1 + t^2 / n)
Tensor student_t(const Operand& x_, const Operand& freedom_, const Operand& mean_, const Operand& scale_) {
  const CallScope scope("log_density::student_t", x_.where());
  const auto [x, freedom, mean, scale] = together(x_, freedom_, mean_, scale_);
  const Tensor t = (x - mean) / scale, &n = freedom, half = 0.5 * (n + 1);
  return lgamma(half) - lgamma(0.5 * n) - 0.5 * log(n * std::numbers::pi) - log(scale) - half * log1p(t * t / n);
}

Tensor bernoulli(const Operand& x_, const Operand& logit_) {
  const CallScope scope("log_density::bernoulli", x_.where());
  const auto [x, logit] = together(x_, logit_);
  return x * logit - softplus(logit);
}

Tensor categorical(const Operand& x, const Operand& logits) {
  const CallScope scope("log_density::categorical", x.where());
  const Tensor at = x.tensor(), log_p = log_softmax(logits, -1);
  const Shape batch(log_p.shape().data(), static_cast<std::size_t>(log_p.ndim() - 1));
  const Shape shape = broadcast_shapes(at.shape(), batch, "log_density::categorical", x.where());
  std::vector<std::int64_t> with_classes(shape.begin(), shape.end());
  with_classes.push_back(log_p.size(-1));
  const Tensor index = unsqueeze(broadcast_to(at, shape), -1);
  return squeeze(gather(broadcast_to(log_p, Shape(with_classes)), -1, index), -1);
}

Tensor poisson(const Operand& x_, const Operand& rate_) {
  const CallScope scope("log_density::poisson", x_.where());
  const auto [x, rate] = together(x_, rate_);
  return xlogy(x, rate) - rate - lgamma(x + 1);
}

Tensor gamma(const Operand& x_, const Operand& shape_, const Operand& rate_) {
  const CallScope scope("log_density::gamma", x_.where());
  const auto [x, shape, rate] = together(x_, shape_, rate_);
  return xlogy(shape, rate) + xlogy(shape - 1, x) - rate * x - lgamma(shape);
}

Tensor beta(const Operand& x_, const Operand& a_, const Operand& b_) {
  const CallScope scope("log_density::beta", x_.where());
  const auto [x, a, b] = together(x_, a_, b_);
  return xlogy(a - 1, x) + (b - 1) * log1p(-x) - log_beta(a, b);
}

Tensor dirichlet(const Operand& x_, const Operand& concentration_) {
  const CallScope scope("log_density::dirichlet", x_.where());
  const auto [x, concentration] = together(x_, concentration_);
  return sum(xlogy(concentration - 1, x), -1) - sum(lgamma(concentration), -1) + lgamma(sum(concentration, -1));
}

Tensor multivariate_normal(const Operand& x_, const Operand& mean_, const Operand& factor_) {
  const CallScope scope("log_density::multivariate_normal", x_.where());
  const auto [x, mean, factor] = together(x_, mean_, factor_);
  const Tensor difference = x - mean;
  return -0.5 * sum(square(whitened(factor, difference)), -1) - logarithms_of_diagonal(factor) -
         static_cast<double>(difference.size(-1)) * log_root_two_pi;
}

}  // namespace log_density

namespace divergence {

// log(q / p) + (p^2 + (m_p - m_q)^2) / (2 q^2) - 1/2
Tensor normal(const Operand& mean_p_, const Operand& deviation_p_, const Operand& mean_q_,
              const Operand& deviation_q_) {
  const CallScope scope("divergence::normal", mean_p_.where());
  const auto [mean_p, deviation_p, mean_q, deviation_q] = together(mean_p_, deviation_p_, mean_q_, deviation_q_);
  const Tensor ratio = deviation_p / deviation_q;
  return 0.5 * (ratio * ratio + square((mean_p - mean_q) / deviation_q) - 1) - log(ratio);
}

Tensor bernoulli(const Operand& logit_p_, const Operand& logit_q_) {
  const CallScope scope("divergence::bernoulli", logit_p_.where());
  const auto [logit_p, logit_q] = together(logit_p_, logit_q_);
  return exp(-softplus(-logit_p)) * (logit_p - logit_q) + softplus(logit_q) - softplus(logit_p);
}

Tensor categorical(const Operand& logits_p_, const Operand& logits_q_) {
  const CallScope scope("divergence::categorical", logits_p_.where());
  const auto [logits_p, logits_q] = together(logits_p_, logits_q_);
  const Tensor log_p = log_softmax(logits_p, -1);
  return sum(exp(log_p) * (log_p - log_softmax(logits_q, -1)), -1);
}

Tensor poisson(const Operand& rate_p_, const Operand& rate_q_) {
  const CallScope scope("divergence::poisson", rate_p_.where());
  const auto [rate_p, rate_q] = together(rate_p_, rate_q_);
  return rate_p * (log(rate_p) - log(rate_q)) - rate_p + rate_q;
}

Tensor gamma(const Operand& shape_p_, const Operand& rate_p_, const Operand& shape_q_, const Operand& rate_q_) {
  const CallScope scope("divergence::gamma", shape_p_.where());
  const auto [shape_p, rate_p, shape_q, rate_q] = together(shape_p_, rate_p_, shape_q_, rate_q_);
  return (shape_p - shape_q) * digamma(shape_p) - lgamma(shape_p) + lgamma(shape_q) +
         shape_q * (log(rate_p) - log(rate_q)) + shape_p * (rate_q / rate_p - 1);
}

Tensor beta(const Operand& a_p_, const Operand& b_p_, const Operand& a_q_, const Operand& b_q_) {
  const CallScope scope("divergence::beta", a_p_.where());
  const auto [a_p, b_p, a_q, b_q] = together(a_p_, b_p_, a_q_, b_q_);
  const Tensor a = a_p - a_q, b = b_p - b_q;
  return log_beta(a_q, b_q) - log_beta(a_p, b_p) + a * digamma(a_p) + b * digamma(b_p) - (a + b) * digamma(a_p + b_p);
}

Tensor dirichlet(const Operand& concentration_p_, const Operand& concentration_q_) {
  const CallScope scope("divergence::dirichlet", concentration_p_.where());
  const auto [concentration_p, concentration_q] = together(concentration_p_, concentration_q_);
  const Tensor &p = concentration_p, &q = concentration_q, whole = sum(p, -1, keep_dims);
  return lgamma(squeeze(whole, -1)) - lgamma(sum(q, -1)) - sum(lgamma(p), -1) + sum(lgamma(q), -1) +
         sum((p - q) * (digamma(p) - digamma(whole)), -1);
}

// (|L_q^-1 L_p|^2 + |L_q^-1 (m_q - m_p)|^2 - n) / 2 + sum log L_q - sum log L_p
Tensor multivariate_normal(const Operand& mean_p_, const Operand& factor_p_, const Operand& mean_q_,
                           const Operand& factor_q_) {
  const CallScope scope("divergence::multivariate_normal", mean_p_.where());
  const auto [mean_p, factor_p, mean_q, factor_q] = together(mean_p_, factor_p_, mean_q_, factor_q_);
  const Tensor &p = factor_p, &q = factor_q, difference = mean_q - mean_p;
  const Tensor spread = sum(square(triangular_solve(q, tril(p))), {-2, -1});
  return 0.5 * (spread + sum(square(whitened(q, difference)), -1) - static_cast<double>(difference.size(-1))) +
         logarithms_of_diagonal(q) - logarithms_of_diagonal(p);
}

}  // namespace divergence

}  // namespace xgrad
