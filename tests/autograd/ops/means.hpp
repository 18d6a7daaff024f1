#pragma once

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"

namespace xgrad {

// Whether the mean of the numbers is the expected one, to within four and a half standard errors.
inline void check_mean(const Tensor& numbers, double expected) {
  const double error = 4.5 * stddev(numbers).item() / std::sqrt(static_cast<double>(numbers.numel()));
  INFO("mean " << mean(numbers).item() << " +- " << error << ", expected " << expected);
  CHECK(std::abs(mean(numbers).item() - expected) < error);
}

}  // namespace xgrad
