#include "autograd/solve/line_search.hpp"

#include <algorithm>
#include <cmath>

namespace xgrad::detail {

namespace {

bool finite(const LinePoint& point) { return std::isfinite(point.value) && std::isfinite(point.slope); }

// The minimum of the cubic through two points with their slopes, well inside the interval between them; else its
// middle.
double between(const LinePoint& a, const LinePoint& b) {
  const double low = std::min(a.step, b.step), high = std::max(a.step, b.step), margin = 0.1 * (high - low);
  const double middle = (low + high) / 2;
  if (!finite(a) || !finite(b)) return middle;
  const double d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step);
  const double square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0)) return middle;
  const double d2 = std::copysign(std::sqrt(square), b.step - a.step);
  const double step = b.step - (b.step - a.step) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
  return std::isfinite(step) ? std::clamp(step, low + margin, high - margin) : middle;
}

class Search {
 public:
  Search(const std::function<LinePoint(double)>& at, const LinePoint& start, const WolfeConditions& conditions)
      : at_(at), start_(start), conditions_(conditions) {}

  LinePoint from(double first) {
    LinePoint before = start_;
    for (double step = first; left(); step *= 4) {
      const LinePoint point = look(step);
      if (accepted(point)) return point;
      if (!decreased(point) || (before.step > 0 && point.value >= before.value)) return zoom(before, point);
      if (point.slope >= 0) return zoom(point, before);
      before = point;
    }
    return best_;
  }

 private:
  bool left() const { return looked_ < conditions_.most; }
  LinePoint look(double step) {
    ++looked_;
    const LinePoint point = at_(step);
    if (finite(point) && point.value < best_value()) best_ = point;
    return point;
  }
  double best_value() const { return best_.step > 0 ? best_.value : start_.value; }
  bool is_near(const LinePoint& point) const {
    return std::abs(point.value - start_.value) <= conditions_.precision * std::abs(start_.value);
  }
  bool decreased(const LinePoint& point) const {
    if (!finite(point)) return false;
    if (is_near(point)) return point.slope <= (2 * conditions_.decrease - 1) * start_.slope;
    return point.value <= start_.value + conditions_.decrease * point.step * start_.slope;
  }
  bool accepted(const LinePoint& point) const {
    return decreased(point) && std::abs(point.slope) <= -conditions_.curvature * start_.slope;
  }

  // `low` has decreased enough, with the lowest value so far, and the slope there leads towards `high`.
  LinePoint zoom(LinePoint low, LinePoint high) {
    while (left() && std::abs(high.step - low.step) > 1e-16 * std::max(high.step, low.step)) {
      const LinePoint point = look(between(low, high));
      if (accepted(point)) return point;
      if (!decreased(point) || (point.value >= low.value && !is_near(point))) {
        high = point;
        continue;
      }
      if (point.slope * (high.step - low.step) >= 0) high = low;
      low = point;
    }
    return best_;
  }

  const std::function<LinePoint(double)>& at_;
  LinePoint start_, best_;
  WolfeConditions conditions_;
  int looked_ = 0;
};

}  // namespace

LinePoint line_search(const std::function<LinePoint(double step)>& at, const LinePoint& start, double first,
                      const WolfeConditions& conditions) {
  return Search(at, start, conditions).from(first);
}

}  // namespace xgrad::detail
