#pragma once

#include <functional>

namespace xgrad::detail {

/// A function of one number at one of them, with its derivative.
struct LinePoint {
  double step = 0, value = 0, slope = 0;
};

struct WolfeConditions {
  double decrease = 1e-4;    ///< value(a) <= value(0) + decrease a slope(0)
  double curvature = 0.9;    ///< |slope(a)| <= curvature |slope(0)|
  double precision = 1e-14;  ///< of values, relative: smaller differences say nothing, and slopes decide
  int most = 40;             ///< points looked at
};

/// A step that satisfies the strong Wolfe conditions, starting with `first`, for a slope < 0 at `start`; a step of 0
/// where none is found. What is not finite lies too far. (Nocedal and Wright, "Numerical optimization", algorithms 3.5
/// and 3.6; near the precision of values the approximate conditions of Hager and Zhang, 2005, (4.1))
LinePoint line_search(const std::function<LinePoint(double step)>& at, const LinePoint& start, double first,
                      const WolfeConditions& conditions);

}  // namespace xgrad::detail
