#include "autograd/ops/stirling.hpp"

#include <cmath>
#include <iterator>
#include <limits>

#include "autograd/core/infinity.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/gamma.hpp"

namespace xgrad {

namespace {

// B_2k / (2k (2k - 1)), the coefficients of 1 / a^(2k - 1) in the remainder
constexpr double remainders[] = {1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                                 1.0 / 1188, -691.0 / 360360, 1.0 / 156,  -3617.0 / 122400};
// Where the nine terms of the series below have the full accuracy of their dtype.
Tensor is_near(const Tensor& r) { return abs(r) <= (r.dtype() == float32 ? 1.0 / 3 : 1.0 / 7); }

// m - log(1 + m) over r, where log(1 + m) = 2 artanh r: m - 2 (r^2 / 3 + r^4 / 5 + ...), all times `scale`.
Tensor near_gap(const Tensor& m, const Tensor& r, const Tensor& scale) {
  const Tensor square_of_r = r * r;
  Tensor series = square_of_r / 19;
  for (int k = 8; k > 0; --k) series = (series + 1.0 / (2 * k + 1)) * square_of_r;
  return m - 2 * (scale * series);
}

// The series where it is accurate, and `direct` elsewhere.
template <class Series, class Direct>
Tensor by_series(const Tensor& a, Series series, Direct direct) {
  const double from = stirling_from(a.dtype());
  const Tensor far = a >= from;
  return where(far, series(where(far, a, from)), direct(where(far, from, a)));
}

// The derivative of the remainder: psi(a) - log a + 1 / (2a)
Tensor slope(const Tensor& a) {
  const auto series = [](const Tensor& x) {
    constexpr std::size_t terms = std::size(remainders);
    const Tensor inverse = 1 / x, square_of = inverse * inverse;
    Tensor sum = zeros_like(x);
    for (std::size_t k = terms; k-- > 0;) sum = (sum + (-1 - 2 * static_cast<double>(k)) * remainders[k]) * square_of;
    return sum;
  };
  return by_series(a, series, [](const Tensor& x) { return digamma(x) - log(x) + 0.5 / x; });
}

}  // namespace

Tensor beyond_logarithm(const Tensor& m, const Tensor& logarithm) {
  const Tensor r = m / (2 + m), near = is_near(r), small = where(near, r, 0);
  return where(near, small * near_gap(where(near, m, 0), small, ones_like(m)), m - logarithm);
}

// a (m - log(1 + m)) with m = x / a - 1, r = (x - a) / (x + a)
Tensor deviance(const Tensor& a, const Tensor& x) {
  // The sum of finite numbers may be infinite.
  const Tensor sum = x + a, part = where(isinf(sum), 0.5 * ones_like(sum), 1);
  const Tensor difference = x - a, whole = part * x + part * a, nothing = whole == 0;
  const Tensor r = part * difference / where(nothing, 1, whole);
  const Tensor near = is_near(r), small = where(near, r, 0), quotient = x / a;
  // Of positive numbers, only the quotient may be too large or too small to be written.
  const Tensor lost = logical_and(logical_and(quotient == infinity, x < infinity), a > 0),
               apart = logical_or(lost, logical_and(logical_and(quotient == 0, x > 0), a < infinity));
  const Tensor logarithm = log(where(apart, x, 1)) - log(where(apart, a, 1));
  const Tensor far = difference - where(apart, a * logarithm, xlogy(a, where(logical_or(near, apart), 1, quotient)));
  const Tensor values = where(near, small * near_gap(where(near, difference, 0), small, a), far);
  // Infinite numbers are infinitely far from finite ones.
  const Tensor beyond = logical_and(isinf(difference), logical_not(isinf(x) == isinf(a)));
  return where(beyond, where(difference < 0, -difference, difference), values);
}

double stirling_from(DType dtype) { return dtype == float32 ? 3 : 10; }

Tensor stirling_series(const Tensor& a) {
  const Tensor inverse = 1 / a, square_of = inverse * inverse;
  Tensor sum = remainders[std::size(remainders) - 1] * square_of;
  for (std::size_t k = std::size(remainders) - 2; k > 0; --k) sum = (sum + remainders[k]) * square_of;
  return (sum + remainders[0]) * inverse;
}

Tensor stirling_remainder(const Tensor& a) {
  return by_series(a, stirling_series,
                   [](const Tensor& x) { return lgamma(x) - (x - 0.5) * log(x) + x - log_root_two_pi; });
}

Tensor stirling_divergence(const Tensor& b, const Tensor& a) {
  return 0.5 * deviance(a, b) / a + stirling_remainder(b) - stirling_remainder(a) - (b - a) * slope(a);
}

// The logarithms of a / (a + b) and b / (a + b), times a and b; where the quotient overflows, the product is nothing.
Tensor log_beta(const Tensor& a, const Tensor& b) {
  const auto part = [](const Tensor& x, const Tensor& other) {
    const Tensor quotient = other / x, finite = quotient < std::numeric_limits<double>::infinity();
    return where(finite, x * log1p(where(finite, quotient, 0)), 0);
  };
  const Tensor whole = a + b;
  return log_root_two_pi - part(a, b) - part(b, a) + 0.5 * (log(whole) - log(a) - log(b)) + stirling_remainder(a) +
         stirling_remainder(b) - stirling_remainder(whole);
}

}  // namespace xgrad
