#pragma once

// For the kernels' own .cpp files: joins adjacent axes of shapes, so that loops are few and long.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/core/shape.hpp"
#include "autograd/kernels/ranges.hpp"

namespace xgrad::kernels {

/// Adjacent axes that are treated alike, as one axis.
struct AxisGroup {
  std::int64_t size;
  bool marked;
};

/// The axes of `shape` without those of size 1. Adjacent axes that are both in `marked`, or both not, are joined.
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

/// A position on `axes`, of which the last advances fastest, and its offsets in both arrays.
class Place {
 public:
  Place(const std::vector<LoopAxis>& axes, std::int64_t number) : axes_(axes), at_(axes.size()) {
    for (std::size_t i = axes.size(); i-- > 0; number /= axes[i].size) {
      at_[i] = number % axes[i].size;
      x_ += at_[i] * axes[i].x_step;
      y_ += at_[i] * axes[i].y_step;
    }
  }
  std::int64_t x() const { return x_; }
  std::int64_t y() const { return y_; }
  void next() {
    for (std::size_t i = axes_.size(); i-- > 0;) {
      const LoopAxis& axis = axes_[i];
      x_ += axis.x_step;
      y_ += axis.y_step;
      if (++at_[i] < axis.size) return;
      x_ -= axis.size * axis.x_step;
      y_ -= axis.size * axis.y_step;
      at_[i] = 0;
    }
  }

 private:
  const std::vector<LoopAxis>& axes_;
  std::vector<std::int64_t> at_;
  std::int64_t x_ = 0, y_ = 0;
};

/// Calls body(x offset, y offset) for all positions on `axes`, each of `elements` elements. On several threads.
template <class Body>
void each_place(const std::vector<LoopAxis>& axes, std::int64_t elements, Body body) {
  std::int64_t count = 1;
  for (const LoopAxis& axis : axes) count *= axis.size;
  parallel_ranges(count, elements, [&](std::int64_t i, std::int64_t end) {
    for (Place place(axes, i); i < end; ++i, place.next()) body(place.x(), place.y());
  });
}

}  // namespace xgrad::kernels
