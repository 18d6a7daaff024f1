#pragma once

// For the kernels' own .cpp files: functions related to the gamma function, of one double.

#include <cmath>
#include <cstdint>
#include <limits>

#include "autograd/core/infinity.hpp"

namespace xgrad::kernels {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// B_2, B_4, ..., B_20: enough for full accuracy of the asymptotic series in 1 / x^2 from x = 10 on.
inline constexpr double bernoulli_numbers[] = {1.0 / 6,       -1.0 / 30, 1.0 / 42,      -1.0 / 30,     5.0 / 66,
                                               -691.0 / 2730, 7.0 / 6,   -3617.0 / 510, 43867.0 / 798, -174611.0 / 330};

/// log |Gamma(x)| (glibc's std::lgamma sets a global variable.)
inline double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}
double digamma(double x);
/// The n-th derivative of digamma.
double polygamma(std::int64_t n, double x);
/// m - log(1 + m) for m = x / a - 1, near 0, too.
double beyond_logarithm(double a, double x);
/// x^a e^-x / Gamma(a)
double gamma_density(double a, double x);

}  // namespace xgrad::kernels
