#pragma once

#include <functional>
#include <string>

namespace xgrad {

/// A derivative found by differences. An empty `trouble` means that it can be relied on.
struct NumericDerivative {
  double value = 0;
  double error = 0;  ///< estimated
  std::string trouble;
};

/// The derivative of `f` at 0: central differences at shrinking steps, extrapolated to step 0. Where `f` is not finite
/// or not smooth in reach of the first step, smaller steps are tried.
NumericDerivative numeric_derivative(const std::function<double(double)>& f);

}  // namespace xgrad
