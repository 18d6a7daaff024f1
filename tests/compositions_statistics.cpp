// Means, norms, and what else is over axes.

#include <algorithm>
#include <limits>
#include <numeric>

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor matrix = known({2, 3}), whole = tensor({1, 2}), empty = known({0, 2}, 0);
const char* const gives_bool = "bool";

Real sum_of(const List& x) { return std::accumulate(x.begin(), x.end(), Real{0}); }
Real mean_of(const List& x) { return sum_of(x) / static_cast<Real>(x.size()); }
// With n - correction in the denominator.
Real variance_of(const List& x, Real correction) {
  Real squares = 0;
  for (const Real each : x) squares += (each - mean_of(x)) * (each - mean_of(x));
  return squares / (static_cast<Real>(x.size()) - correction);
}
Real norm_of(const List& x, Real p) {
  Real largest = 0, total = 0;
  for (const Real each : x) largest = std::max(largest, std::abs(each)), total += std::pow(std::abs(each), p);
  return std::isinf(p) ? largest : std::pow(total, 1 / p);
}
Real log_of_sum(const List& x) {
  Real total = 0;
  for (const Real each : x) total += std::exp(each);
  return std::log(total);
}
List softmax_of(const List& x) {
  List y;
  for (const Real each : x) y.push_back(std::exp(each - log_of_sum(x)));
  return y;
}
List log_softmax_of(const List& x) {
  List y;
  for (const Real each : x) y.push_back(each - log_of_sum(x));
  return y;
}

std::vector<Case> norm_cases(double p, bool of_nothing) {
  return over_axes([p](const Tensor& x, const Axes& axes, KeepDims keep) { return norm(x, axes, {.p = p}, keep); },
                   {0.25, 2}, [p](const List& x) { return norm_of(x, p); }, of_nothing);
}

std::vector<Case> spread_cases(Tensor (*f)(const Operand&, const Axes&, std::int64_t, KeepDims), bool root) {
  const auto cases_with = [&](std::int64_t correction) {
    return over_axes([=](const Tensor& x, const Axes& axes, KeepDims keep) { return f(x, axes, correction, keep); }, {},
                     [=](const List& x) {
                       const Real variance = variance_of(x, static_cast<Real>(correction));
                       return root ? std::sqrt(variance) : variance;
                     },
                     false);
  };
  return joined(cases_with(1), cases_with(0));
}

std::vector<Case> along_last(Tensor (*f)(const Tensor&, std::int64_t), List (*of)(const List&)) {
  std::vector<Case> cases;
  for (const Shape& shape : std::vector<Shape>{{5}, {2, 3}, {2, 1}, {2, 0}})
    cases.push_back(along_axis([f](const Tensor& x) { return f(x, -1); }, shape, shape.ndim() - 1, {-3, 3}, of));
  cases.push_back(along_axis([f](const Tensor& x) { return f(x, 1); }, {2, 3, 2}, 1, {-30, 30}, of));
  return cases;
}

bool is_true(Real x) { return x != 0; }
Real some(const List& x) { return std::any_of(x.begin(), x.end(), is_true); }
Real every(const List& x) { return std::all_of(x.begin(), x.end(), is_true); }
Real some_from_one(const List& x) {
  return std::any_of(x.begin(), x.end(), [](Real e) { return e >= 1; });
}

Tensor any_of(const Tensor& x, const Axes& axes, KeepDims keep) { return any(x, axes, keep); }
Tensor all_of(const Tensor& x, const Axes& axes, KeepDims keep) { return all(x, axes, keep); }
Tensor any_from_one(const Tensor& x, const Axes& axes, KeepDims keep) { return any(floor(x), axes, keep); }

std::vector<Composition> of_masks() {
  return {
      {.call = "any(x, axes, keep)",
       .equation = "whether some xᵢ ≠ 0",
       .cases = joined(over_axes(any_of, {0, 2, boolean}, some, true),
                       over_axes(any_from_one, {0, 1.2}, some_from_one, true)),
       .refusals = {refuses<AxisError>([] { return any(matrix, 2); })},
       .constant = gives_bool},
      {.call = "all(x, axes, keep)",
       .equation = "whether all xᵢ ≠ 0",
       .cases = joined(over_axes(all_of, {0, 2, boolean}, every, true), over_axes(all_of, {0, 9, int64}, every, true)),
       .refusals = {refuses<AxisError>([] {
         return all(matrix, {0, 0});
       })},
       .constant = gives_bool}};
}

std::vector<Composition> moments() {
  const auto mean_over = [](const Tensor& x, const Axes& axes, KeepDims keep) { return mean(x, axes, keep); };
  return {
      {.call = "mean(x, axes, keep)",
       .equation = "Σ xᵢ / n",
       .cases =
           joined(over_axes(mean_over, {}, mean_of, false),
                  over_axes([](const Tensor& x, const Axes& axes, KeepDims keep) { return mean(x, axes, keep) * 12; },
                            {0, 2, boolean}, [](const List& x) { return 12 * mean_of(x); }, false)),
       .refusals = {refuses<ValueError>([] { return mean(empty, 0); }), refuses<DTypeError>([] { return mean(whole); }),
                    refuses<AxisError>([] { return mean(matrix, 2); })}},
      {.call = "var(x, axes, correction = 1, keep)",
       .equation = "Σ (xᵢ − mean)² / (n − correction)",
       .cases = spread_cases(var, false),
       .refusals = {refuses<ValueError>([] { return var(ones({1})); }), refuses<DTypeError>([] { return var(whole); }),
                    refuses<AxisError>([] { return var(matrix, -3); })}},
      {.call = "stddev(x, axes, correction = 1, keep)",
       .equation = "√var",
       .cases = spread_cases(stddev, true),
       .refusals = {refuses<ValueError>([] { return stddev(ones({1})); }),
                    refuses<DTypeError>([] { return stddev(whole); })}},
      {.call = "std(x, axes, correction = 1, keep)",
       .equation = "stddev",
       .cases = spread_cases(xgrad::std, true),
       .refusals = {refuses<ValueError>([] { return xgrad::std(ones({1})); })}},
  };
}

std::vector<Composition> norms() {
  const Real infinity = std::numeric_limits<Real>::infinity();
  return {
      {.call = "norm(x, axes, keep)",
       .equation = "√(Σ xᵢ²)",
       .cases = over_axes([](const Tensor& x, const Axes& axes, KeepDims keep) { return norm(x, axes, keep); },
                          {0.25, 2}, [](const List& x) { return norm_of(x, 2); }, true),
       .refusals = {refuses<DTypeError>([] { return norm(whole); }),
                    refuses<AxisError>([] { return norm(matrix, 2); })}},
      {.call = "norm(x, axes, {.p = p}, keep)",
       .equation = "(Σ |xᵢ|ᵖ)^(1/p)",
       .cases = joined(joined(norm_cases(1, true), norm_cases(3, true)),
                       joined(norm_cases(-1.5, false), norm_cases(static_cast<double>(infinity), false))),
       .refusals = {refuses<ValueError>([] { return norm(matrix, -1, {.p = std::nan("")}); })}},
      {.call = "logsumexp(x, axes, keep)",
       .equation = "log Σ exp xᵢ",
       .cases = over_axes([](const Tensor& x, const Axes& axes, KeepDims keep) { return logsumexp(x, axes, keep); },
                          {-30, 30}, log_of_sum, true),
       .refusals = {refuses<DTypeError>([] { return logsumexp(whole); }),
                    refuses<AxisError>([] { return logsumexp(matrix, 2); })}},
      {.call = "softmax(x, axis = -1)",
       .equation = "yᵢ = exp xᵢ / Σ exp xⱼ",
       .cases = along_last([](const Tensor& x, std::int64_t axis) { return softmax(x, axis); }, softmax_of),
       .refusals = {refuses<DTypeError>([] { return softmax(whole); }),
                    refuses<AxisError>([] { return softmax(matrix, 2); })}},
      {.call = "log_softmax(x, axis = -1)",
       .equation = "yᵢ = xᵢ − log Σ exp xⱼ",
       .cases = along_last([](const Tensor& x, std::int64_t axis) { return log_softmax(x, axis); }, log_softmax_of),
       .refusals = {refuses<DTypeError>([] { return log_softmax(whole); }),
                    refuses<AxisError>([] { return log_softmax(matrix, 2); })}},
  };
}

}  // namespace

std::vector<Composition> statistics_compositions() {
  std::vector<Composition> all = of_masks();
  for (auto* part : {moments, norms})
    for (Composition& row : part()) all.push_back(std::move(row));
  return all;
}

}  // namespace xgrad::catalogue
