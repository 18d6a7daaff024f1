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
  return {special("lgamma", log_gamma, log_of, 0.5, 4),        polygammas,
          special("erfinv", inverse, erfinv_of, -0.9, 0.9),    special("scale_gradient", scaled, itself, -1, 1),
          special("change_cotangent", changed, itself, -1, 1), special("named_value", named, itself, -1, 1)};
}

}  // namespace xgrad::catalogue
