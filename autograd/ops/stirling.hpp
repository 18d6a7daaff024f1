#pragma once

// Remainders of logarithms of gamma functions without their large terms, so that densities with large parameters and
// divergences between similar distributions lose no digits.

#include <cmath>
#include <numbers>

#include "autograd/core/dtype.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

inline const double log_root_two_pi = 0.5 * std::log(2 * std::numbers::pi);

/// m - logarithm for logarithm = log(1 + m), without loss near 0.
Tensor beyond_logarithm(const Tensor& m, const Tensor& logarithm);
/// a log(a / x) + x - a, for a, x >= 0; 0 where both are 0.
Tensor deviance(const Tensor& a, const Tensor& x);
/// log Gamma(a) - (a - 1/2) log a + a - log sqrt(2 pi), for a > 0.
Tensor stirling_remainder(const Tensor& a);
/// The same, by its series, which has all the digits of the dtype for a >= stirling_from(dtype).
Tensor stirling_series(const Tensor& a);
double stirling_from(DType dtype);
/// log Gamma(b) - log Gamma(a) - (b - a) psi(a) - b log(b / a) + b - a, for a, b > 0: of the remainders and the
/// logarithms of a and b alone.
Tensor stirling_divergence(const Tensor& b, const Tensor& a);
/// log B(a, b), for a, b > 0.
Tensor log_beta(const Tensor& a, const Tensor& b);

}  // namespace xgrad
