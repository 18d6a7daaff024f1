#pragma once

// For the kernels' own .cpp files: shapes with neighbouring axes joined, so that loops are few and long.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/core/shape.hpp"

namespace xgrad::kernels {

/// Neighbouring axes that are treated alike, as one axis.
struct AxisGroup {
  std::int64_t size;
  bool marked;
};

/// The axes of `shape` without those of size 1; neighbours that are both in `marked`, or both not, are joined.
inline std::vector<AxisGroup> group_axes(const Shape& shape, AxisSet marked) {
  std::vector<AxisGroup> groups;
  for (std::int64_t axis = 0; axis < shape.ndim(); ++axis) {
    if (shape[axis] == 1) continue;
    const bool mark = marked.contains(axis);
    if (!groups.empty() && groups.back().marked == mark)
      groups.back().size *= shape[axis];
    else
      groups.push_back({shape[axis], mark});
  }
  return groups;
}

/// A shape seen from one axis: (outer, size, inner).
struct Panels {
  std::int64_t outer = 1, size = 1, inner = 1;
};

inline Panels panels(const Shape& shape, std::int64_t axis) {
  Panels result;
  for (std::int64_t i = 0; i < shape.ndim(); ++i)
    (i < axis ? result.outer : i == axis ? result.size : result.inner) *= shape[i];
  return result;
}

template <class T>
void copy(const T* from, std::int64_t count, T* to) {
  if (count > 0) std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
}

/// One axis of a loop over two arrays, and the steps there.
struct LoopAxis {
  std::int64_t size, x_step, y_step;
};

/// Calls `body(x offset, y offset)` for all places of `axes`, the last axis fastest.
template <class Body>
void for_each_place(const std::vector<LoopAxis>& axes, std::int64_t x, Body body) {
  for (const LoopAxis& axis : axes)
    if (axis.size == 0) return;
  std::vector<std::int64_t> place(axes.size(), 0);
  std::int64_t y = 0;
  for (;;) {
    body(x, y);
    std::size_t i = axes.size();
    for (; i > 0; --i) {
      const LoopAxis& axis = axes[i - 1];
      x += axis.x_step;
      y += axis.y_step;
      if (++place[i - 1] < axis.size) break;
      x -= axis.size * axis.x_step;
      y -= axis.size * axis.y_step;
      place[i - 1] = 0;
    }
    if (i == 0) return;
  }
}

}  // namespace xgrad::kernels
