// Draws from distributions with parameters, computed in double for every dtype. Rejection methods have a stream of
// random numbers for each element, so that an element depends on its own key alone.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "autograd/core/fail.hpp"
#include "autograd/core/parallel.hpp"
#include "autograd/kernels/gamma_functions.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/random_bits.hpp"

namespace xgrad::kernels {

namespace {

class Stream {
 public:
  explicit Stream(std::int64_t key) : state_{static_cast<std::uint64_t>(key), 0} {}
  BitPair next() { return {state_, block_++}; }
  double normal() {
    const BitPair bits = next();
    return std::sqrt(-2 * std::log(1 - fraction<double>(bits.first))) *
           std::cos(2 * std::numbers::pi * fraction<double>(bits.second));
  }

 private:
  RandomState state_;
  std::uint64_t block_ = 0;
};

struct GammaDraw {
  double value, logarithm;
};

// Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.
GammaDraw draw_gamma(double concentration, Stream& stream) {
  const bool small = concentration < 1;
  const double d = (small ? concentration + 1 : concentration) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = stream.normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    const BitPair bits = stream.next();
    const double u = 1 - fraction<double>(bits.first);
    if (u >= 1 - 0.0331 * x * x * x * x && std::log(u) >= 0.5 * x * x - d * beyond_logarithm(1, v)) continue;
    const double logarithm = std::log(d) + 3 * std::log1p(c * x);
    if (!small) return {d * v, logarithm};
    const double lower = logarithm + std::log(1 - fraction<double>(bits.second)) / concentration;
    return {std::exp(lower), lower};
  }
}

// The number of factors in (0, 1] whose product stays above e^-rate.
std::int64_t draw_small_poisson(double rate, Stream& stream) {
  const double end = std::exp(-rate);
  double product = 1;
  for (std::int64_t count = 0;; count += 2) {
    const BitPair bits = stream.next();
    if ((product *= 1 - fraction<double>(bits.first)) < end) return count;
    if ((product *= 1 - fraction<double>(bits.second)) < end) return count + 1;
  }
}

// Hoermann, "The transformed rejection method for generating Poisson random variables", 1993: PTRS, for rates from 10.
std::int64_t draw_large_poisson(double rate, Stream& stream) {
  const double b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), accepted = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const BitPair bits = stream.next();
    const double u = fraction<double>(bits.first) - 0.5, v = 1 - fraction<double>(bits.second), s = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / s + b) * u + rate + 0.43);
    if (s >= 0.07 && v <= accepted) return static_cast<std::int64_t>(k);
    if (!(k >= 0) || !(k < 0x1p62) || (s < 0.013 && v > s)) continue;
    const double probability = k == 0 ? std::exp(-rate) : gamma_density(k, rate) / k;
    if (v * inverse_alpha <= (a / (s * s) + b) * probability) return static_cast<std::int64_t>(k);
  }
}

// e^(x^2) erfc(x) for x >= 0
double scaled_erfc(double x) {
  if (x < 6.5) return std::exp(x * x) * std::erfc(x);
  const double each = -0.5 / (x * x);  // the asymptotic series, whose terms fall to 1e-19 here
  double sum = 1, term = 1;
  for (int k = 1; std::abs(term) > 1e-17; k += 2) sum += term *= each * k;
  return sum * std::numbers::inv_sqrtpi / x;
}

// phi(x) / Q(x) for x >= 0, with Q(x) = erfc(x / sqrt 2) / 2, the probability above x
double hazard(double x) {
  return std::numbers::sqrt2 * std::numbers::inv_sqrtpi / scaled_erfc(x / std::numbers::sqrt2);
}

// log(Q(x + d) / Q(x)): near x by the derivatives of the hazard h, h' = h (h - x) and h'' = (2h - x) h' - h.
double log_ratio(double x, double d) {
  if (d == std::numeric_limits<double>::infinity()) return -d;
  if (d * (x + 1) < 1e-4) {
    const double h = hazard(x), first = h * (h - x), second = (2 * h - x) * first - h;
    return -d * (h + d * (first / 2 + d * (second / 6)));
  }
  constexpr double root = 1 / std::numbers::sqrt2;
  return -0.5 * d * (d + 2 * x) + std::log(scaled_erfc((x + d) * root) / scaled_erfc(x * root));
}

// d with log_ratio(x, d) = t, by Newton's method: the ratio is concave in d, and the first d is too large.
double distance(double x, double t) {
  if (t >= 0) return 0;
  double d = -2 * t / (std::hypot(x, std::sqrt(-2 * t)) + x);
  for (int i = 0; i < 60; ++i) {
    const double step = (log_ratio(x, d) - t) / hazard(x + d);
    d = std::max(d + step, 0.0);
    if (std::abs(step) <= 1e-15 * d) break;
  }
  return d;
}

// Draws above low >= 0, from u and v = 1 - u, which are both exact.
double draw_above(double low, double high, double u, double v) {
  const double whole = log_ratio(low, high - low), lost = u * std::expm1(whole);
  return low + distance(low, lost > -0.5 ? std::log1p(lost) : std::log(v + u * std::exp(whole)));
}

// The distance from 0 at which twice the probability between it and `end` >= 0 is `part` of twice that from 0 to `end`.
double draw_beside_zero(double end, double part, double side) {
  const double inner = side - part;
  return distance(0, inner < 0.5 ? std::log1p(-inner) : std::log(std::erfc(end / std::numbers::sqrt2) + part));
}

double draw_truncated(double low, double high, double u) {
  const double v = 1 - u;
  u = std::max(u, 0x1p-54);
  if (low >= 0) return draw_above(low, high, u, v);
  if (high <= 0) return -draw_above(-high, -low, v, u);
  const double below = std::erf(-low / std::numbers::sqrt2), above = std::erf(high / std::numbers::sqrt2);
  const double whole = below + above;
  return u * whole < below ? -draw_beside_zero(-low, u * whole, below) : draw_beside_zero(high, v * whole, above);
}

// The elements of a floating view, in double.
class Numbers {
 public:
  explicit Numbers(const View& x) : wide_(x.dtype == float64) {
    if (wide_)
      doubles_ = x.as<const double>();
    else
      floats_ = x.as<const float>();
  }
  double operator[](std::int64_t i) const { return wide_ ? doubles_[i] : static_cast<double>(floats_[i]); }

 private:
  bool wide_;
  const double* doubles_ = nullptr;
  const float* floats_ = nullptr;
};

}  // namespace

// Checks all parameters in order before anything is drawn, so that the error names the first wrong one.

void gamma_draw(const View& concentration, const View& keys, bool logarithm, const View& y, const Location& where) {
  const Numbers a(concentration);
  const auto* key = keys.as<const std::int64_t>();
  const std::int64_t count = y.numel();
  for (std::int64_t i = 0; i < count; ++i)
    check<ValueError>(a[i] > 0 && std::isfinite(a[i]), where, "gamma: the concentration is ", a[i], " at place ", i,
                      " of ", concentration.shape);
  const auto draw = [&](std::int64_t i) {
    Stream stream(key[i]);
    const GammaDraw drawn = draw_gamma(a[i], stream);
    return logarithm ? drawn.logarithm : drawn.value;
  };
  if (y.dtype == float32)
    parallel_elements(count, [&, to = y.as<float>()](std::int64_t i) { to[i] = static_cast<float>(draw(i)); });
  else
    parallel_elements(count, [&, to = y.as<double>()](std::int64_t i) { to[i] = draw(i); });
}

void poisson_draw(const View& rate, const View& keys, const View& y, const Location& where) {
  const Numbers rates(rate);
  const auto* key = keys.as<const std::int64_t>();
  const std::int64_t count = y.numel();
  for (std::int64_t i = 0; i < count; ++i)
    check<ValueError>(rates[i] >= 0 && rates[i] <= 1e15, where, "poisson: the rate is ", rates[i], " at place ", i,
                      " of ", rate.shape, ", not in [0, 1e15]");
  parallel_elements(count, [&, to = y.as<std::int64_t>()](std::int64_t i) {
    Stream stream(key[i]);
    to[i] = rates[i] < 10 ? draw_small_poisson(rates[i], stream) : draw_large_poisson(rates[i], stream);
  });
}

void truncated_normal_draw(const View& low, const View& high, const View& u, const View& y, const Location& where) {
  const auto *from = low.as<const double>(), *to = high.as<const double>(), *at = u.as<const double>();
  const std::int64_t count = y.numel();
  for (std::int64_t i = 0; i < count; ++i) {
    const bool ok = from[i] <= to[i] && from[i] < std::numeric_limits<double>::infinity() && to[i] > -INFINITY;
    check<ValueError>(ok, where, "truncated_normal: there is nothing to draw between ", from[i], " and ", to[i],
                      " deviations from the mean, at place ", i, " of ", y.shape);
  }
  parallel_elements(count, [&, result = y.as<double>()](std::int64_t i) {
    result[i] = std::clamp(draw_truncated(from[i], to[i], at[i]), from[i], to[i]);
  });
}

void check_above(double bound, bool strict, const char* call, const char* name, const View& x, const Location& where) {
  const Numbers values(x);
  const std::int64_t count = x.numel();
  for (std::int64_t i = 0; i < count; ++i) {
    const bool ok = std::isfinite(values[i]) && (strict ? values[i] > bound : values[i] >= bound);
    check<ValueError>(ok, where, call, ": the ", name, " is ", values[i], " at place ", i, " of ", x.shape);
  }
}

}  // namespace xgrad::kernels
