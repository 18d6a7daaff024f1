#include "autograd/check/ridders.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace xgrad {

namespace {

constexpr int rows = 8;
constexpr double shrink = 2;    // from one row to the next: steps stay exact in binary
constexpr double good = 1e-10;  // an error estimate, relative to max(1, |derivative|), to be content with
constexpr double first_step = 0.0625;
constexpr int restarts = 5;
constexpr double one_sided_step = 0x1p-20;
constexpr double most_disagreement = 1e-4;  // of the derivatives from both sides

double scale_of(double derivative) { return std::max(1.0, std::abs(derivative)); }

// One Ridders tableau (Numerical Recipes in C, 5.7), from the step h down.
NumericDerivative extrapolate(const std::function<double(double)>& f, double h) {
  NumericDerivative best{0, std::numeric_limits<double>::infinity(), {}};
  double previous[rows] = {}, current[rows] = {};
  for (int row = 0; row < rows; ++row, h /= shrink) {
    current[0] = (f(h) - f(-h)) / (2 * h);
    if (!std::isfinite(current[0])) return best;
    double factor = shrink * shrink;
    for (int k = 1; k <= row; ++k, factor *= shrink * shrink) {
      current[k] = (current[k - 1] * factor - previous[k - 1]) / (factor - 1);
      const double error = std::max(std::abs(current[k] - current[k - 1]), std::abs(current[k] - previous[k - 1]));
      if (error <= best.error) best = {current[k], error, {}};
    }
    if (row > 1 && std::abs(current[row] - previous[row - 1]) > 2 * best.error) break;  // rounding takes over
    std::copy_n(current, rows, previous);
  }
  return best;
}

// Where curvature makes the derivatives from both sides differ, the difference shrinks with the step; at a kink it
// stays.
bool has_kink(const std::function<double(double)>& f, double here, double most) {
  const auto gap = [&](double h) { return std::abs(f(h) + f(-h) - 2 * here) / h; };
  const double noise = 8 * std::abs(here) * std::numeric_limits<double>::epsilon() / (one_sided_step / 16);
  const double wide = gap(one_sided_step);
  return !(wide <= most + noise) && !(gap(one_sided_step / 16) <= wide / 4 + noise);
}

}  // namespace

NumericDerivative numeric_derivative(const std::function<double(double)>& f) {
  const double here = f(0);
  if (!std::isfinite(here)) return {0, 0, "the function is not finite here"};
  NumericDerivative best{0, std::numeric_limits<double>::infinity(), {}};
  double h = first_step;
  for (int start = 0; start < restarts && best.error > good * scale_of(best.value); ++start, h /= 8)
    if (const NumericDerivative found = extrapolate(f, h); found.error < best.error) best = found;
  if (!std::isfinite(best.error)) return {0, 0, "the function is not finite nearby"};
  if (has_kink(f, here, most_disagreement * scale_of(best.value)))
    best.trouble = "a kink: the derivatives from both sides differ";
  return best;
}

}  // namespace xgrad
