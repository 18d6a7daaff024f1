#include <cmath>
#include <cstdint>

#include "tests/catalogue.hpp"

namespace xgrad::catalogue {

namespace {

// Sums of the series, and what is left of them by the first terms of Euler and Maclaurin's formula.
Real digamma_of(Real x) {
  Real sum = 0;
  for (; x < 1000; ++x) sum -= 1 / x;
  return sum + std::log(x) - 1 / (2 * x) - 1 / (12 * x * x) + 1 / (120 * x * x * x * x);
}
Real trigamma_of(Real x) {
  Real sum = 0;
  for (; x < 1000; ++x) sum += 1 / (x * x);
  return sum + 1 / x + 1 / (2 * x * x) + 1 / (6 * x * x * x) - 1 / (30 * x * x * x * x * x);
}

Real erfinv_of(Real x) {
  Real low = -10, high = 10;
  for (int i = 0; i < 80; ++i) (std::erf((low + high) / 2) < x ? low : high) = (low + high) / 2;
  return (low + high) / 2;
}

Case elementwise(Tensor (*f)(const Tensor&), Real (*value)(Real), const Shape& shape, double low, double high) {
  return {[f](const std::vector<Tensor>& x) { return f(x[0]); },
          {{shape, low, high}},
          [value](const std::vector<Array>& x) {
            return build(x[0].shape, [&](const std::vector<std::int64_t>& index) { return value(x[0].at(index)); });
          }};
}

Row special(const char* id, Tensor (*f)(const Tensor&), Real (*value)(Real), double low, double high) {
  return {id,
          {elementwise(f, value, {5}, low, high), elementwise(f, value, {2, 3}, low, high),
           elementwise(f, value, {}, low, high), elementwise(f, value, {0}, low, high)},
          3,
          {}};
}

using Value2 = Real (*)(Real, Real);

Case elementwise2(Tensor (*f)(const Tensor&, const Tensor&), Value2 value, const Shape& shape, double low,
                  double high) {
  return {[f](const std::vector<Tensor>& x) { return f(x[0], x[1]); },
          {{shape, 0.5, 4}, {shape, low, high}},
          [value](const std::vector<Array>& x) {
            return build(x[0].shape,
                         [&](const std::vector<std::int64_t>& index) { return value(x[0].at(index), x[1].at(index)); });
          }};
}

Row special2(const char* id, Tensor (*f)(const Tensor&, const Tensor&), Value2 value, double low, double high) {
  return {id,
          {elementwise2(f, value, {5}, low, high), elementwise2(f, value, {2, 3}, low, high),
           elementwise2(f, value, {}, low, high), elementwise2(f, value, {0}, low, high)},
          3,
          {}};
}

// t = sum_k x^k / ((a + 1) ... (a + k)), and its derivative by a.
struct Series {
  Real value = 1, derivative = 0;
  Series(Real a, Real x) {
    Real term = 1, harmonic = 0;
    for (int k = 1; k < 200; ++k) {
      term *= x / (a + k);
      harmonic += 1 / (a + k);
      value += term;
      derivative -= term * harmonic;
    }
  }
};
Real lower_of(Real a, Real x) { return std::exp(a * std::log(x) - x - std::lgamma(a + 1)) * Series(a, x).value; }
Real upper_of(Real a, Real x) { return 1 - lower_of(a, x); }
Real shape_derivative_of(Real a, Real y) {
  const Series series(a, std::exp(y));
  return -(series.value * (y - digamma_of(a + 1)) + series.derivative) / a;
}

// The number below which so much of the gamma distribution is.
Real quantile_of(Real a, Real level) {
  Real low = 0, high = 100;
  for (int i = 0; i < 100; ++i) (lower_of(a, (low + high) / 2) < level ? low : high) = (low + high) / 2;
  return low;
}
// By Newton's method for the logarithm of P, which is concave in log x, from below the quantile.
Tensor quantile_at(const Tensor& a, bool logarithm) {
  const Tensor fixed = stop_gradient(a);
  const Tensor level = 0.3 + 0.05 * reshape(arange(0, static_cast<double>(a.numel()), 1, a.dtype()), a.shape());
  Tensor y = (log(level) + lgamma(fixed + 1)) / fixed;
  for (int i = 0; i < 20; ++i) {
    const Tensor p = gammainc(fixed, exp(y));
    y = y - log(p / level) * p / exp(fixed * y - exp(y) - lgamma(fixed));
  }
  return detail::gamma_quantile(a, logarithm ? y : exp(y), logarithm);
}

Case quantile_case(const Shape& shape, bool logarithm) {
  return {[logarithm](const std::vector<Tensor>& x) { return quantile_at(x[0], logarithm); },
          {{shape, 0.5, 4}},
          [logarithm](const std::vector<Array>& x) {
            Array y{x[0].shape, {}};
            for (const Real a : x[0].elements) {
              const Real z = quantile_of(a, 0.3L + 0.05L * static_cast<Real>(y.elements.size()));
              y.elements.push_back(logarithm ? std::log(z) : z);
            }
            return y;
          }};
}

}  // namespace

std::vector<Row> special_rows() {
  const auto log_gamma = [](const Tensor& x) { return lgamma(x); };
  const auto log_of = [](Real x) -> Real { return std::lgamma(x); };
  const auto inverse = [](const Tensor& x) { return erfinv(x); };
  const auto itself = [](Real x) -> Real { return x; };
  // With the factor, the change and the rule that leave derivatives what they are.
  const auto scaled = [](const Tensor& x) { return scale_gradient(x, 1); };
  const auto changed = [](const Tensor& x) { return change_cotangent(x, [](const Tensor& g) { return g * 1; }); };
  const auto named = [](const Tensor& x) { return name_value(x, "a name"); };
  Row polygammas = special(
      "polygamma", [](const Tensor& x) { return digamma(x); }, digamma_of, 0.5, 4);
  polygammas.cases.push_back(elementwise([](const Tensor& x) { return polygamma(1, x); }, trigamma_of, {2, 2}, 0.5, 4));
  const auto lower = [](const Tensor& a, const Tensor& x) { return gammainc(a, x); };
  const auto upper = [](const Tensor& a, const Tensor& x) { return gammaincc(a, x); };
  Row incomplete = special2("gammainc", lower, lower_of, 0.3, 6);
  incomplete.cases.push_back(elementwise2(upper, upper_of, {2, 2}, 0.3, 6));
  const auto by_shape = [](const Tensor& a, const Tensor& y) { return detail::gamma_shape_derivative(1, a, y); };
  return {incomplete,
          special2("gamma_shape_derivative", by_shape, shape_derivative_of, -1, 1.5),
          {"gamma_quantile",
           {quantile_case({5}, false), quantile_case({2, 2}, true), quantile_case({}, false), quantile_case({0}, true)},
           3,
           {}},
          special("lgamma", log_gamma, log_of, 0.5, 4),
          polygammas,
          special("erfinv", inverse, erfinv_of, -0.9, 0.9),
          special("scale_gradient", scaled, itself, -1, 1),
          special("change_cotangent", changed, itself, -1, 1),
          special("named_value", named, itself, -1, 1)};
}

}  // namespace xgrad::catalogue
