#include "autograd/core/access.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace xgrad {

namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return a / b + (a % b > 0); }

Access::Axis whole(std::int64_t size, std::int64_t stride) { return {size, stride, 0, size, false}; }

// Two axes can be joined if a step along the outer one leads just beyond the end of the inner one, and both are
// unbounded.
bool join(const Access::Axis& outer, const Access::Axis& inner) {
  return !outer.bounded && !inner.bounded && outer.stride == inner.size * inner.stride;
}

}  // namespace

Access::Access(const Shape& shape) : axes(static_cast<std::size_t>(shape.ndim())) {
  std::int64_t stride = 1;
  for (std::size_t k = axes.size(); k-- > 0;) {
    axes[k] = whole(shape[static_cast<std::int64_t>(k)], stride);
    stride *= axes[k].size;
  }
}

void Access::slice(std::int64_t axis, std::int64_t start, std::int64_t step, std::int64_t count) {
  Axis& at = axes[static_cast<std::size_t>(axis)];
  offset += start * at.stride;
  at.stride *= step;
  at.size = count;
  at.low = at.bounded ? std::clamp<std::int64_t>(ceil_div(at.low - start, step), 0, count) : 0;
  at.high = at.bounded ? std::clamp<std::int64_t>(ceil_div(at.high - start, step), at.low, count) : count;
}

void Access::flip(std::int64_t axis) {
  Axis& at = axes[static_cast<std::size_t>(axis)];
  offset += (at.size - 1) * at.stride;
  at.stride = -at.stride;
  at.low = at.size - std::exchange(at.high, at.size - at.low);
}

void Access::permute(std::span<const std::int64_t> order) {
  std::vector<Axis> moved;
  moved.reserve(order.size());
  for (const std::int64_t axis : order) moved.push_back(axes[static_cast<std::size_t>(axis)]);
  axes = std::move(moved);
}

void Access::broadcast(const Shape& shape) {
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const std::int64_t size = shape[static_cast<std::int64_t>(k)];
    if (axes[k].size == size) continue;
    const bool there = axes[k].low == 0 && axes[k].high == 1;
    axes[k] = {size, 0, 0, there ? size : 0, axes[k].bounded};
  }
}

bool Access::windows(std::int64_t axis, std::int64_t count, std::int64_t step, std::int64_t places,
                     std::int64_t distance, std::int64_t before) {
  Axis& at = axes[static_cast<std::size_t>(axis)];
  if (at.bounded) return false;
  const std::int64_t stride = at.stride;
  at = whole(count, stride * step);
  axes.insert(axes.begin() + before, whole(places, stride * distance));
  return true;
}

bool Access::pad(std::int64_t axis, std::int64_t before, std::int64_t after, double value) {
  const auto bits = [](double number) { return std::bit_cast<std::uint64_t>(number); };
  if (bounded() && bits(fill) != bits(value)) return false;
  Axis& at = axes[static_cast<std::size_t>(axis)];
  fill = value;
  offset -= before * at.stride;
  at.low += before;
  at.high += before;
  at.size += before + after;
  at.bounded = true;
  return true;
}

bool Access::reshape(const Shape& shape) {
  coalesce();
  std::vector<Axis> parts;  // innermost first
  parts.reserve(static_cast<std::size_t>(shape.ndim()));
  std::size_t inner = axes.size();
  Axis left = inner > 0 ? axes[inner - 1] : whole(1, 1);  // the rest of the axis that is being divided
  for (std::int64_t k = shape.ndim(); k-- > 0;) {
    while (left.size == 1 && !left.bounded && inner > 1) left = axes[--inner - 1];
    const std::int64_t size = shape[k];
    if (size == left.size) {
      parts.push_back(std::exchange(left, whole(1, 1)));
    } else if (size == 1) {
      parts.push_back(whole(1, 0));
    } else {
      if (left.bounded || left.size % size != 0) return false;
      parts.push_back(whole(size, left.stride));
      left = whole(left.size / size, left.stride * size);
    }
  }
  while (left.size == 1 && !left.bounded && inner > 1) left = axes[--inner - 1];
  if (left.size != 1 || left.bounded) return false;
  axes.assign(parts.rbegin(), parts.rend());
  return true;
}

// In place, as each run of a plan does it for each view.
void Access::coalesce() {
  std::size_t kept = 0;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const Axis axis = axes[k];
    if (axis.size == 1 && !axis.bounded) continue;
    if (kept > 0 && join(axes[kept - 1], axis))
      axes[kept - 1] = whole(axes[kept - 1].size * axis.size, axis.stride);
    else
      axes[kept++] = axis;
  }
  axes.resize(kept);
}

Shape Access::shape() const {
  Shape sizes = Shape::filled(static_cast<std::int64_t>(axes.size()), 1);
  for (std::size_t k = 0; k < axes.size(); ++k) sizes[static_cast<std::int64_t>(k)] = axes[k].size;
  return sizes;
}

bool Access::bounded() const {
  return std::any_of(axes.begin(), axes.end(), [](const Axis& axis) { return axis.bounded; });
}

bool Access::is_contiguous() const {
  Access joined = *this;
  joined.coalesce();
  return joined.axes.empty() || (joined.axes.size() == 1 && joined.axes[0].stride == 1 && !joined.axes[0].bounded);
}

bool Access::lies_within(std::int64_t elements) const {
  std::int64_t first = offset, last = offset;
  for (const Axis& axis : axes) {
    if (axis.low >= axis.high) return true;  // no element is read
    (axis.stride < 0 ? last : first) += axis.low * axis.stride;
    (axis.stride < 0 ? first : last) += (axis.high - 1) * axis.stride;
  }
  return first >= 0 && last < elements;
}

}  // namespace xgrad
