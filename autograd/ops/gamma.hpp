#pragma once

// The gamma function, its relatives, and the inverse of the error function. Floating dtypes.

#include <cstdint>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

Tensor lgamma(const Operand& x);   ///< log |Gamma(x)|; +inf at 0, -1, -2, ...
Tensor digamma(const Operand& x);  ///< its derivative; at 0 -inf, NaN at -1, -2, ...
/// The n-th derivative of digamma; at 0, -1, -2, ... +inf for odd n, NaN for even n > 0. ValueError unless
/// 0 <= n <= 100.
Tensor polygamma(std::int64_t n, const Operand& x);
Tensor erfinv(const Operand& x);  ///< y with erf(y) = x, accurate also near 1; +-inf at +-1, NaN beyond
/// The regularised lower incomplete gamma function P(a, x): the integral of t^(a - 1) e^-t / Gamma(a) from 0 to x. a
/// and x broadcast; NaN where a < 0 or x < 0; P(0, x) = 1. Differentiable by both (15 times by a), and accurate also
/// for small and large a and in both tails.
Tensor gammainc(const Operand& a, const Operand& x);
Tensor gammaincc(const Operand& a, const Operand& x);  ///< Q(a, x) = 1 - P(a, x), accurate in its tail

namespace detail {
/// H_n(a, y) = -(d^n P(a, x) / da^n) Gamma(a) e^x / x^a with x = e^y, for n >= 1. ValueError for n > 15.
Tensor gamma_shape_derivative(std::int64_t n, const Tensor& a, const Tensor& y);
/// y as a function of a that keeps P(a, y) constant; with `logarithm`, y is the logarithm of that number.
Tensor gamma_quantile(const Tensor& a, const Tensor& y, bool logarithm);
}  // namespace detail

}  // namespace xgrad
