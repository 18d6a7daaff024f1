// The logarithm of the gamma function, its derivatives, and the inverse error function, computed in double for every
// dtype.

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/core/parallel.hpp"
#include "autograd/kernels/gamma_functions.hpp"
#include "autograd/kernels/kernels.hpp"

namespace xgrad::kernels {

namespace {

constexpr double from_here_on = 10;

bool is_pole(double x) { return x <= 0 && x == std::floor(x); }

// 1 / tan(pi x), accurate near its poles and zeros, because x minus the nearest multiple of 1/2 is exact.
double cotangent(double x) {
  const double r = std::remainder(x, 1.0);
  if (std::abs(r) <= 0.25) return 1 / std::tan(std::numbers::pi * r);
  return std::tan(std::numbers::pi * (std::copysign(0.5, r) - r));
}

// The zero of digamma as the nearest double and the difference to it.
constexpr double digamma_zero = 1.4616321449683622, digamma_zero_rest = 9.5499954299656977e-17;

// The Taylor series at that zero, which keeps the relative accuracy of small results.
double digamma_near_zero(double x) {
  constexpr int terms = 21;
  static const std::array<double, terms + 1> coefficients = [] {
    std::array<double, terms + 1> result{};
    for (int k = 1; k <= terms; ++k)
      result[static_cast<std::size_t>(k)] = polygamma(k, digamma_zero) / std::tgamma(k + 1.0);
    return result;
  }();
  const double d = (x - digamma_zero) - digamma_zero_rest;
  double sum = 0;
  for (std::size_t k = terms; k > 0; --k) sum = (sum + coefficients[k]) * d;
  return sum;
}

}  // namespace

// psi(x) = psi(x + 1) - 1 / x, and log x - 1 / (2x) - sum B_2k / (2k x^2k) far out; psi(1 - x) - psi(x) = pi cot(pi x).
double digamma(double x) {
  if (x == 0) return std::signbit(x) ? infinity : -infinity;
  if (x == -infinity || is_pole(x)) return nan;
  if (std::abs(x - digamma_zero) < 0.25) return digamma_near_zero(x);
  double result = 0;
  if (x < 0) {
    result = -std::numbers::pi * cotangent(x);
    x = 1 - x;
  }
  for (; x < from_here_on; ++x) result -= 1 / x;
  if (x == infinity) return x;
  const double square = 1 / (x * x);
  double series = 0, power = square;
  for (int k = 1; k <= 10; ++k, power *= square) series += bernoulli_numbers[k - 1] / (2 * k) * power;
  return result + std::log(x) - 0.5 / x - series;
}

namespace {

// The n-th derivative of pi cot(pi x), a polynomial in the cotangent c: the derivative of p(c) is -pi (1 + c^2) p'(c).
double derivative_of_cotangent(std::int64_t n, double x) {
  std::vector<double> p{0, std::numbers::pi};
  for (std::int64_t i = 0; i < n; ++i) {
    std::vector<double> next(p.size() + 1);
    for (std::size_t k = 1; k < p.size(); ++k) {
      const double slope = -std::numbers::pi * static_cast<double>(k) * p[k];
      next[k - 1] += slope;
      next[k + 1] += slope;
    }
    p = next;
  }
  const double c = cotangent(x);
  double value = 0;
  for (std::size_t k = p.size(); k-- > 0;) value = value * c + p[k];
  return value;
}

}  // namespace

namespace {

// a^-n; small powers are products.
double inverse_power(double a, std::int64_t n) {
  if (n == 0) return 1;
  if (n > 8) return std::pow(a, -static_cast<double>(n));
  const double factor = 1 / a;
  double power = factor;
  for (std::int64_t i = 1; i < n; ++i) power *= factor;
  return power;
}

}  // namespace

// (-1)^(n + 1) n! sum_k (x + k)^-(n + 1): terms up to a, and from there on Euler and Maclaurin's formula.
double polygamma(std::int64_t n, double x) {
  if (n == 0) return digamma(x);
  if (x == -infinity) return nan;
  if (is_pole(x)) return n % 2 ? infinity : nan;
  if (x < 0) return -derivative_of_cotangent(n, x) + (n % 2 ? -1 : 1) * polygamma(n, 1 - x);
  const double s = static_cast<double>(n) + 1, far = from_here_on + s;
  double sum = 0, a = x;
  for (; a < far; ++a) sum += inverse_power(a, n + 1);
  double tail = 1 / (s - 1) + 0.5 / a;  // in units of a^-n
  const double inverse_square = 1 / (a * a);
  double factor = s * inverse_square / 2;  // s (s + 1) ... (s + 2k - 2) a^-2k / (2k)!
  for (int k = 1; k <= 10; ++k) {
    tail += bernoulli_numbers[k - 1] * factor;
    factor *= (s + 2 * k - 1) * (s + 2 * k) * inverse_square * (1.0 / ((2 * k + 1) * (2 * k + 2)));
  }
  const double size = (n % 2 ? 1 : -1) * std::tgamma(s);
  // a^-n alone may underflow, while n! a^-n does not.
  if (a == x) return size * inverse_power(a, n - n / 2) * inverse_power(a, n / 2) * tail;
  return size * (sum + tail * inverse_power(a, n));
}

namespace {

// Giles' polynomials ("Approximating the erfinv function", 2010) have seven digits for |x| < 1 - 1e-7; Halley steps
// give the others. Near 1 the steps use the complement 1 - |x|, which is exact.
double inverse_erf(double x) {
  const double size = std::abs(x);
  if (!(size <= 1)) return nan;
  if (size == 1) return x * infinity;
  if (size < 1e-9) return x / (2 * std::numbers::inv_sqrtpi);
  double w = -std::log((1 - size) * (1 + size)), y;
  if (w < 5) {
    w -= 2.5;
    y = 2.81022636e-08;
    for (const double c : {3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
                           -0.00417768164, 0.246640727, 1.50140941})
      y = y * w + c;
  } else {
    w = std::sqrt(w) - 3;
    y = -0.000200214257;
    for (const double c : {0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
                           1.00167406, 2.83297682})
      y = y * w + c;
  }
  y *= size;
  const int steps = size < 1 - 1e-6 ? 2 : 8;
  for (int step = 0; step < steps; ++step) {
    const double error = size < 0.5 ? std::erf(y) - size : (1 - size) - std::erfc(y);
    const double newton = error / (2 * std::numbers::inv_sqrtpi * std::exp(-y * y));
    y -= newton / (1 + y * newton);
  }
  return std::copysign(y, x);
}

template <class F>
void each(const View& x, const View& y, F f) {
  if (x.dtype == float32)
    parallel_elements(x.numel(), [from = x.as<const float>(), to = y.as<float>(), f](std::int64_t i) {
      to[i] = static_cast<float>(f(from[i]));
    });
  else
    parallel_elements(x.numel(),
                      [from = x.as<const double>(), to = y.as<double>(), f](std::int64_t i) { to[i] = f(from[i]); });
}

}  // namespace

void lgamma(const View& x, const View& y) { each(x, y, log_gamma); }
void polygamma(std::int64_t n, const View& x, const View& y) {
  each(x, y, [n](double value) { return polygamma(n, value); });
}
void erfinv(const View& x, const View& y) { each(x, y, inverse_erf); }

}  // namespace xgrad::kernels
