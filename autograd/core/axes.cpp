#include "autograd/core/axes.hpp"

#include "autograd/core/fail.hpp"

namespace xgrad {

std::int64_t normalise_axis(std::int64_t axis, std::int64_t ndim, const char* operation, const Location& where) {
  check<AxisError>(axis >= -ndim && axis < ndim, where, operation, ": axis ", axis, " is out of range for ", ndim,
                   ndim == 1 ? " axis" : " axes");
  return axis < 0 ? axis + ndim : axis;
}

AxisSet normalise_axes(const Axes& axes, std::int64_t ndim, const char* operation, const Location& where) {
  AxisSet set;
  if (axes.is_all()) {
    for (std::int64_t axis = 0; axis < ndim; ++axis) set.insert(axis);
    return set;
  }
  for (const std::int64_t given : axes.list()) {
    const std::int64_t axis = normalise_axis(given, ndim, operation, where);
    check<AxisError>(!set.contains(axis), where, operation, ": axis ", given, " is given twice");
    set.insert(axis);
  }
  return set;
}

Shape reduced_shape(const Shape& shape, AxisSet axes) {
  Shape result = shape;
  for (std::int64_t axis = 0; axis < shape.ndim(); ++axis)
    if (axes.contains(axis)) result[axis] = 1;
  return result;
}

Shape without_axes(const Shape& shape, AxisSet axes) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t axis = 0; axis < shape.ndim(); ++axis)
    if (!axes.contains(axis)) sizes.push_back(shape[axis]);
  return sizes;
}

}  // namespace xgrad
