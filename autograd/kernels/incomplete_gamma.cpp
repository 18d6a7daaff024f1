// The incomplete gamma function and its derivatives by the shape a, computed in double for every dtype.
//
// With q(t) = t^a e^-t / Gamma(a), P(a, x) is the integral of q(t) / t from 0 to x, Q(a, x) that from x to infinity.
// The n-th derivative of q by a is q times a polynomial B_n in l = log t - psi(a), and the integral of q B_n / t over
// all t is 0 for n > 0, so that its derivatives can be taken from either side. On the side where B_1 does not change
// its sign nothing cancels.

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "autograd/core/parallel.hpp"
#include "autograd/kernels/gamma_functions.hpp"
#include "autograd/kernels/kernels.hpp"

namespace xgrad::kernels {

namespace {

constexpr std::size_t most = most_shape_derivatives + 1;
using Coefficients = std::array<double, most>;

// B_n of l, by B_n = sum_i binomial(n - 1, i) B_(n - 1 - i) k_(i + 1) with k_1 = l, k_(i + 1) = -psi^(i)(a)
class Polynomial {
 public:
  Polynomial(std::int64_t n, double a) : n_(n) {
    for (std::int64_t i = 1; i < n; ++i) minus_polygamma_[static_cast<std::size_t>(i)] = -polygamma(i, a);
  }
  double operator()(double l) const {
    if (n_ < 2) return n_ == 0 ? 1 : l;
    Coefficients b{1};
    for (std::int64_t n = 1; n <= n_; ++n) {
      double value = 0, binomial = 1;
      for (std::int64_t i = 0; i < n; binomial *= static_cast<double>(n - 1 - i) / static_cast<double>(i + 1), ++i)
        value += binomial * b[static_cast<std::size_t>(n - 1 - i)] *
                 (i == 0 ? l : minus_polygamma_[static_cast<std::size_t>(i)]);
      b[static_cast<std::size_t>(n)] = value;
    }
    return b[static_cast<std::size_t>(n_)];
  }

 private:
  std::int64_t n_;
  Coefficients minus_polygamma_{};
};

// Integrals over (0, infinity) of functions that decay like e^-s or e^(-s^2): the trapezoidal rule in t, s = e^(t -
// e^-t) (Takahasi and Mori, "Double exponential formulas for numerical integration", 1974).
template <class F>
double integral(double scale, F f) {
  constexpr int count = 65;
  struct Nodes {
    double s[count], weight[count];
    Nodes() {
      constexpr double step = 1.0 / 8;
      for (int i = 0; i < count; ++i) {
        const double t = -3.625 + step * i;
        s[i] = std::exp(t - std::exp(-t));
        weight[i] = step * s[i] * (1 + std::exp(-t));
      }
    }
  };
  static const Nodes nodes;
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    const double term = nodes.weight[i] * f(scale * nodes.s[i]);
    sum += term;
    if (nodes.s[i] > 4 && std::abs(term) <= 1e-18 * std::abs(sum)) break;
  }
  return scale * sum;
}

// The integral of q(t) / q(x) B_n / t from 0 to x, over s = log(x / t)
double from_below(std::int64_t n, double a, double x, double y) {
  const Polynomial b(n, a);
  const double psi = digamma(a);
  return integral(1 / (a - x + std::sqrt(a)),
                  [&](double s) { return std::exp((x - a) * s - x * (s + std::expm1(-s))) * b(y - s - psi); });
}

// The integral of q(t) / q(x) B_n / t from x to infinity, over r = t / x - 1
double from_above(std::int64_t n, double a, double x, double y) {
  const Polynomial b(n, a);
  const double psi = digamma(a);
  return integral(1 / (x - a + std::sqrt(x)), [&](double r) {
    const double s = std::log1p(r);
    return std::exp((a - x) * r + a * (s - r) - s) * b(y + s - psi);
  });
}

// The integral from below, for a = a + e, as n! times the coefficient of e^n in
// e^(e y) Gamma(a + 1) / Gamma(a + 1 + e) sum_k x^k / ((a + 1 + e) ... (a + k + e)) / a.
double series_from_below(std::int64_t order, double a, double x, double y) {
  const auto n = static_cast<std::size_t>(order);
  Coefficients term{1}, sum{1};
  for (double k = 1;; ++k) {
    double before = 0;
    for (std::size_t i = 0; i <= n; ++i) {
      before = (x * term[i] - before) / (a + k);
      term[i] = before;
      sum[i] += before;
    }
    if (std::abs(term[n]) <= 1e-17 * std::abs(sum[n]) && std::abs(term[0]) <= 1e-17 * sum[0]) break;
  }
  // The coefficients of e^f are those of e^f' f summed up: c_k = sum_i i f_i c_(k - i) / k.
  Coefficients f{}, factor{1};
  double factorial = 1;
  for (std::size_t i = 1; i <= n; ++i) {
    const auto m = static_cast<std::int64_t>(i);
    f[i] = i == 1 ? y - digamma(a + 1) : -polygamma(m - 1, a + 1) / factorial;
    factorial *= static_cast<double>(i + 1);
    for (std::size_t j = 1; j <= i; ++j) factor[i] += static_cast<double>(j) * f[j] * factor[i - j];
    factor[i] /= static_cast<double>(i);
  }
  double coefficient = 0, whole = 1;
  for (std::size_t i = 0; i <= n; ++i) coefficient += factor[i] * sum[n - i];
  for (std::size_t i = 2; i <= n; ++i) whole *= static_cast<double>(i);
  return whole * coefficient / a;
}

bool is_below(double a, double x) { return x <= std::max(1.5, a + 0.5); }

double below(std::int64_t n, double a, double x, double y) {
  return a < 50 || x < 0.5 * a ? series_from_below(n, a, x, y) : from_below(n, a, x, y);
}

// Q(a, x) for small a and x, where P is nearly 1: with w = a log x - log Gamma(1 + a), P = e^w (1 + a sum ...).
double small_upper(double a, double x) {
  constexpr int terms = 40;
  static const std::array<double, terms + 1> coefficients = [] {  // zeta(k) - 1
    std::array<double, terms + 1> result{};
    for (int k = 2; k <= terms; ++k)
      result[static_cast<std::size_t>(k)] = std::abs(polygamma(k - 1, 2)) / std::tgamma(k);
    return result;
  }();
  double log_gamma_1 = (1 - std::numbers::egamma) * a - std::log1p(a), power = a * a;
  for (int k = 2; k <= terms; ++k, power *= -a) log_gamma_1 += coefficients[static_cast<std::size_t>(k)] * power / k;
  double sum = 0, term = 1;
  for (int n = 1; n <= 40; ++n) {
    term *= -x / n;
    sum += term / (a + n);
  }
  const double w = a * std::log(x) - log_gamma_1;
  return -std::expm1(w) - std::exp(w) * a * sum;
}

double incomplete(bool upper, double a, double x) {
  if (!(a >= 0) || !(x >= 0) || (a == 0 && x == 0) || (a == infinity && x == infinity)) return nan;
  if (a == 0 || x == infinity) return upper ? 0 : 1;
  if (x == 0 || a == infinity) return upper ? 1 : 0;
  const double y = std::log(x), q = gamma_density(a, x);
  if (!is_below(a, x)) {
    const double part = std::min(1.0, q == 0 ? 0 : q * from_above(0, a, x, y));
    return upper ? part : 1 - part;
  }
  const double part = std::min(1.0, q == 0 ? 0 : q * below(0, a, x, y));
  if (!upper) return part;
  return part < 0.9 ? 1 - part : small_upper(a, x);
}

double shape_derivative(std::int64_t n, double a, double y) {
  if (!(a > 0) || std::isnan(y)) return nan;
  const double x = std::exp(y);
  if (x == infinity || a == infinity) return 0;
  return is_below(a, x) ? -below(n, a, x, y) : from_above(n, a, x, y);
}

template <class T, class F>
void each(const View& a, const View& x, const View& y, F f) {
  parallel_elements(x.numel(), [shape = a.as<const T>(), at = x.as<const T>(), to = y.as<T>(), f](std::int64_t i) {
    to[i] = static_cast<T>(f(static_cast<double>(shape[i]), static_cast<double>(at[i])));
  });
}

template <class F>
void each_of(const View& a, const View& x, const View& y, F f) {
  x.dtype == float32 ? each<float>(a, x, y, f) : each<double>(a, x, y, f);
}

}  // namespace

// From log(1 + m) = 2 artanh r, r = m / (2 + m).
double beyond_logarithm(double a, double x) {
  const double m = (x - a) / a, r = (x - a) / (x + a), square = r * r;
  if (!(std::abs(r) <= 1.0 / 3)) return m - std::log(x / a);
  double series = 0;
  for (int k = 17; k > 0; --k) series = (series + 1.0 / (2 * k + 1)) * square;
  return r * (m - 2 * series);
}

double gamma_density(double a, double x) {
  if (a < 10) {
    if (x > 700) return std::exp(a * std::log(x) - x - log_gamma(a));
    return std::pow(x, a) * std::exp(-x) * (a < 1 ? a / std::tgamma(1 + a) : 1 / std::tgamma(a));
  }
  double remainder = 0, power = 1 / a;  // of Stirling's formula
  for (int k = 1; k <= 10; ++k, power /= a * a) remainder += bernoulli_numbers[k - 1] / (2 * k * (2 * k - 1)) * power;
  return std::sqrt(a / (2 * std::numbers::pi)) * std::exp(-a * beyond_logarithm(a, x) - remainder);
}

void incomplete_gamma(bool upper, const View& a, const View& x, const View& y) {
  each_of(a, x, y, [upper](double shape, double at) { return incomplete(upper, shape, at); });
}

void gamma_shape_derivative(std::int64_t n, const View& a, const View& log_x, const View& y) {
  each_of(a, log_x, y, [n](double shape, double at) { return shape_derivative(n, shape, at); });
}

}  // namespace xgrad::kernels
