// Values, gradients and second derivatives at single points, in float32 and float64.

#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "autograd/autograd.hpp"

namespace xgrad {

inline constexpr double inf = std::numeric_limits<double>::infinity();
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();
using Numbers = std::vector<double>;

inline bool same(const Tensor& got, const Numbers& expected, double tolerance) {
  const Numbers values = got.to_vector();
  if (values.size() != expected.size()) return false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i]) && std::isnan(expected[i])) continue;
    if (!(values[i] == expected[i]) && !(std::abs(values[i] - expected[i]) <= tolerance * std::abs(expected[i])))
      return false;
  }
  return true;
}

/// A function at a point: value, gradient of its sum, and the gradient of the sum of that.
struct Point {
  const char* name;
  std::function<Tensor(const Tensor&)> f;
  Numbers x, value, gradient;
  std::optional<Numbers> second = {};
};

inline void check(const std::vector<Point>& points) {
  for (const Point& point : points)
    for (const DType dtype : {float32, float64}) {
      const double tolerance = dtype == float32 ? 2e-6 : 1e-14;
      const Tensor x = track(tensor(point.x, dtype)), y = point.f(x);
      const Tensor first = grad(sum(y), x, {.create_graph = true});
      INFO(point.name << " in " << name(dtype) << ": value " << y << ", gradient " << first);
      CHECK(same(y, point.value, tolerance));
      CHECK(same(first, point.gradient, tolerance));
      if (!point.second) continue;
      const Tensor second = first.tracked() ? grad(sum(first), x, {.allow_unused = true}) : zeros_like(x);
      INFO("second derivative " << second);
      CHECK(same(second, *point.second, tolerance));
    }
}

}  // namespace xgrad
