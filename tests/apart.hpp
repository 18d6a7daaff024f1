#pragma once

#include <cmath>
#include <limits>

namespace xgrad {

/// How far apart two numbers are: not at all where they are equal, infinities and NaN included, and infinitely where
/// just one of them is NaN. |a - b| would be NaN there, which std::max passes over.
inline double apart(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  const double difference = std::abs(a - b);
  return std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
}

}  // namespace xgrad
