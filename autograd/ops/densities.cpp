#include "autograd/ops/densities.hpp"

#include <array>
#include <cmath>
#include <utility>

#include "autograd/core/fail.hpp"
#include "autograd/core/infinity.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/gamma.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/linalg.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/parameters.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/ops/stirling.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

template <class... Operands>
std::array<Tensor, sizeof...(Operands)> together(const Operands&... operands) {
  return xgrad::together(float32, operands...);
}

std::pair<Tensor, Tensor> of_one_shape(const std::array<Tensor, 2>& x) {
  const Shape shape = broadcast_shapes(x[0].shape(), x[1].shape(), "dirichlet", Location::current());
  return {broadcast_to(x[0], shape), broadcast_to(x[1], shape)};
}

// log(1 + e^x) without overflow and with a second derivative at 0, which a form with |x| would not have.
Tensor softplus(const Tensor& x) {
  const Tensor positive = x >= 0;
  return where(positive, x, 0) + log1p(exp(where(positive, -x, x)));
}

// x y, for a probability x and a logarithm y; 0 where x is 0 and y infinite.
Tensor times(const Tensor& x, const Tensor& y) { return where(logical_and(x == 0, isinf(y)), 0, x * y); }

// The term of element x in the logarithm of Dirichlet's density, (a - 1) log x - log Gamma(a), without the part of
// Stirling's formula that cancels against that of log Gamma(whole), where `whole` is the sum of all a; and the rest of
// log Gamma(whole).
Tensor part_of_whole(const Tensor& a, const Tensor& x, const Tensor& log_x, const Tensor& whole) {
  const Tensor inside = x > 0;
  const Tensor ordinary = -deviance(a, whole * where(inside, x, 1)) - where(inside, log_x, 0);
  const Tensor at_end = xlogy(a - 1, where(inside, 1, x)) - a * log(a / whole) + a;
  return where(inside, ordinary, at_end) + 0.5 * log(a) - log_root_two_pi - stirling_remainder(a);
}
Tensor whole_of_parts(const Tensor& whole) { return stirling_remainder(whole) - 0.5 * log(whole); }

// The term of one concentration in the divergence of Dirichlet's distributions, without the terms of the sums.
Tensor divergence_of_parts(const Tensor& p, const Tensor& q, const Tensor& whole_p, const Tensor& whole_q) {
  return deviance(q, p * (whole_q / whole_p)) + stirling_divergence(q, p);
}

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

// -log B(n / 2, 1 / 2) - log(sqrt(n) scale) - (n + 1) / 2 log(1 + t^2 / n)
Tensor student_t(const Operand& x_, const Operand& freedom_, const Operand& mean_, const Operand& scale_) {
  const CallScope scope("log_density::student_t", x_.where());
  const auto [x, freedom, mean, scale] = together(x_, freedom_, mean_, scale_);
  const Tensor &n = freedom, t = (x - mean) / (scale * sqrt(n)), far = abs(t) > 1e9, near = where(far, 0, t);
  const Tensor tail = where(far, 2 * log(abs(where(far, t, 1))), log1p(near * near));
  return -log_beta(0.5 * n, full_like(n, 0.5)) - 0.5 * log(n) - log(scale) - 0.5 * (n + 1) * tail;
}

Tensor bernoulli(const Operand& x_, const Operand& logit_) {
  const CallScope scope("log_density::bernoulli", x_.where());
  const auto [x, logit] = together(x_, logit_);
  return -times(x, softplus(-logit)) - times(1 - x, softplus(logit));
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
  const Tensor far = x >= stirling_from(x.dtype()), many = where(far, x, 1), few = where(far, 0, x);
  const Tensor without = logical_or(far, rate == infinity), at = where(without, 1, rate);
  const Tensor small = where(without, -rate, xlogy(few, at) - at) - lgamma(few + 1);
  return where(far, -deviance(many, rate) - 0.5 * log(many) - log_root_two_pi - stirling_series(many), small);
}

Tensor gamma(const Operand& x_, const Operand& shape_, const Operand& rate_) {
  const CallScope scope("log_density::gamma", x_.where());
  const auto [x, shape, rate] = together(x_, shape_, rate_);
  // Of rate * x with rate 1: for a large shape a, -deviance + log(a) / 2 - log sqrt(2 pi) - remainder - log x.
  const Tensor y = rate * x, far = logical_and(shape >= stirling_from(x.dtype()), y > 0), a = where(far, shape, 1);
  const Tensor at = where(far, y, 1), other = where(far, 1, y), b = where(far, 10, shape);
  const Tensor large_shape = 0.5 * log(a) - deviance(a, at) - log_root_two_pi - stirling_series(a) - log(at);
  const Tensor beyond = y == infinity, within = where(beyond, 1, other);
  const Tensor small_shape = xlogy(b - 1, within) - within - lgamma(b);
  return where(beyond, -y, log(rate) + where(far, large_shape, small_shape));
}

Tensor beta(const Operand& x_, const Operand& a_, const Operand& b_) {
  const CallScope scope("log_density::beta", x_.where());
  const auto [x, a, b] = together(x_, a_, b_);
  const Tensor whole = a + b;
  return part_of_whole(a, x, log(x), whole) + part_of_whole(b, 1 - x, log1p(-x), whole) + log_root_two_pi +
         whole_of_parts(whole);
}

Tensor dirichlet(const Operand& x_, const Operand& concentration_) {
  const CallScope scope("log_density::dirichlet", x_.where());
  const auto [x, concentration] = of_one_shape(together(x_, concentration_));
  const Tensor whole = sum(concentration, -1, keep_dims);
  // The terms assume that x adds up to 1; the difference to 1, if only from rounding, is added as in the formula.
  const Tensor left = squeeze(whole, -1) * (sum(x, -1) - 1);
  return sum(part_of_whole(concentration, x, log(x), whole), -1) + left + log_root_two_pi +
         squeeze(whole_of_parts(whole), -1);
}

Tensor multivariate_normal(const Operand& x_, const Operand& mean_, const Operand& factor_) {
  const CallScope scope("log_density::multivariate_normal", x_.where());
  const auto [x, mean, factor] = together(x_, mean_, factor_);
  // Infinite differences are replaced by 0, because the solve would turn unrelated elements into NaN.
  const Tensor all = x - mean, far = isinf(all), difference = where(far, 0, all);
  return -0.5 * (sum(square(whitened(factor, difference)), -1) + sum(where(far, square(all), 0), -1)) -
         logarithms_of_diagonal(factor) - static_cast<double>(difference.size(-1)) * log_root_two_pi;
}

}  // namespace log_density

namespace kl_divergence {

// log(q / p) + (p^2 + (m_p - m_q)^2) / (2 q^2) - 1/2, as a sum of terms that are not negative
Tensor normal(const Operand& mean_p_, const Operand& deviation_p_, const Operand& mean_q_,
              const Operand& deviation_q_) {
  const CallScope scope("kl_divergence::normal", mean_p_.where());
  const auto [mean_p, deviation_p, mean_q, deviation_q] = together(mean_p_, deviation_p_, mean_q_, deviation_q_);
  const Tensor wider = (deviation_p - deviation_q) / deviation_q, apart = (mean_p - mean_q) / deviation_q;
  return 0.5 * (square(wider) + square(apart)) + deviance(deviation_q, deviation_p) / deviation_q;
}

// With r = p / q and d = |m_p - m_q| / p: r (d + e^-d - 1) + r - 1 - log r
Tensor laplace(const Operand& mean_p_, const Operand& scale_p_, const Operand& mean_q_, const Operand& scale_q_) {
  const CallScope scope("kl_divergence::laplace", mean_p_.where());
  const auto [mean_p, scale_p, mean_q, scale_q] = together(mean_p_, scale_p_, mean_q_, scale_q_);
  const Tensor difference = (mean_p - mean_q) / scale_p, d = where(difference < 0, -difference, difference);
  return scale_p / scale_q * beyond_logarithm(expm1(-d), -d) + deviance(scale_q, scale_p) / scale_q;
}

Tensor bernoulli(const Operand& logit_p_, const Operand& logit_q_) {
  const CallScope scope("kl_divergence::bernoulli", logit_p_.where());
  const auto [logit_p, logit_q] = together(logit_p_, logit_q_);
  const auto part = [](const Tensor& p, const Tensor& q) {  // p log(p / q) for the probabilities of the logits
    const Tensor probability = exp(-softplus(-p)), nothing = logical_and(probability == 0, logical_not(isnan(q)));
    return where(nothing, 0, probability * (softplus(-q) - softplus(-p)));
  };
  return part(logit_p, logit_q) + part(-logit_p, -logit_q);
}

Tensor categorical(const Operand& logits_p_, const Operand& logits_q_) {
  const CallScope scope("kl_divergence::categorical", logits_p_.where());
  const auto [logits_p, logits_q] = together(logits_p_, logits_q_);
  check<ShapeError>(logits_p.ndim() > 0 && logits_q.ndim() > 0 && logits_p.size(-1) == logits_q.size(-1),
                    logits_p_.where(), "kl_divergence::categorical: the classes of ", describe(logits_p), " and ",
                    describe(logits_q), " are not the same");
  const Tensor log_p = log_softmax(logits_p, -1);
  const Tensor impossible = log_p == -infinity;  // false for NaN
  return sum(where(impossible, 0, exp(log_p) * (log_p - log_softmax(logits_q, -1))), -1);
}

Tensor poisson(const Operand& rate_p_, const Operand& rate_q_) {
  const CallScope scope("kl_divergence::poisson", rate_p_.where());
  const auto [rate_p, rate_q] = together(rate_p_, rate_q_);
  return deviance(rate_p, rate_q);
}

Tensor gamma(const Operand& shape_p_, const Operand& rate_p_, const Operand& shape_q_, const Operand& rate_q_) {
  const CallScope scope("kl_divergence::gamma", shape_p_.where());
  const auto [shape_p, rate_p, shape_q, rate_q] = together(shape_p_, rate_p_, shape_q_, rate_q_);
  return deviance(shape_q, shape_p * (rate_q / rate_p)) + stirling_divergence(shape_q, shape_p);
}

Tensor beta(const Operand& a_p_, const Operand& b_p_, const Operand& a_q_, const Operand& b_q_) {
  const CallScope scope("kl_divergence::beta", a_p_.where());
  const auto [a_p, b_p, a_q, b_q] = together(a_p_, b_p_, a_q_, b_q_);
  const Tensor p = a_p + b_p, q = a_q + b_q;
  return divergence_of_parts(a_p, a_q, p, q) + divergence_of_parts(b_p, b_q, p, q) - stirling_divergence(q, p);
}

Tensor dirichlet(const Operand& concentration_p_, const Operand& concentration_q_) {
  const CallScope scope("kl_divergence::dirichlet", concentration_p_.where());
  const auto [p, q] = of_one_shape(together(concentration_p_, concentration_q_));
  const Tensor whole_p = sum(p, -1, keep_dims), whole_q = sum(q, -1, keep_dims);
  return sum(divergence_of_parts(p, q, whole_p, whole_q), -1) - squeeze(stirling_divergence(whole_q, whole_p), -1);
}

// Half the sum of terms that are not negative: the squares of L_q^-1 (m_q - m_p) and of the off-diagonal elements of
// M = L_q^-1 L_p, and M_ii^2 - 1 - 2 log M_ii, as in one dimension.
Tensor multivariate_normal(const Operand& mean_p_, const Operand& factor_p_, const Operand& mean_q_,
                           const Operand& factor_q_) {
  const CallScope scope("kl_divergence::multivariate_normal", mean_p_.where());
  const auto [mean_p, factor_p, mean_q, factor_q] = together(mean_p_, factor_p_, mean_q_, factor_q_);
  const Tensor &p = factor_p, &q = factor_q, difference = mean_q - mean_p;
  const Tensor beside = sum(square(tril(triangular_solve(q, tril(p)), -1)), {-2, -1});
  const Tensor wide_p = diagonal(p, 0, -2, -1), wide_q = diagonal(q, 0, -2, -1);
  const Tensor along = sum(square(whitened(q, difference)) + square((wide_p - wide_q) / wide_q), -1);
  return 0.5 * (beside + along) + sum(deviance(wide_q, wide_p) / wide_q, -1);
}

}  // namespace kl_divergence

}  // namespace xgrad
