#pragma once

// Where the elements of a Tensor lie among those of another one, which movements change one after the other.

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/core/shape.hpp"

namespace xgrad {

/// Element (i_0, i_1, ...) is element offset + sum_k i_k stride_k of what it is read from, if low_k <= i_k < high_k for
/// each axis k; else it is `fill`.
class Access {
 public:
  struct Axis {
    std::int64_t size = 1, stride = 0;
    std::int64_t low = 0, high = 1;
    bool bounded = false;  // whether there may be elements outside; follows from the movements, not from where they go
    friend bool operator==(const Axis&, const Axis&) = default;
  };

  Access() = default;
  /// Every element of a Tensor of this shape, where it is.
  explicit Access(const Shape& shape);

  // Each of these is what the movement of this name does, with its arguments checked (see ops/movement.hpp).
  void slice(std::int64_t axis, std::int64_t start, std::int64_t step, std::int64_t count);
  void flip(std::int64_t axis);
  void permute(std::span<const std::int64_t> order);
  void broadcast(const Shape& shape);
  // The same, and whether it could be done.

  /// Puts an axis of `places` elements, `distance` apart on `axis`, before axis `before`; `axis` keeps `count` of its
  /// elements, every step-th. Not on an axis that has something around it.
  [[nodiscard]] bool windows(std::int64_t axis, std::int64_t count, std::int64_t step, std::int64_t places,
                             std::int64_t distance, std::int64_t before);
  /// Not where there is another number around the elements already.
  [[nodiscard]] bool pad(std::int64_t axis, std::int64_t before, std::int64_t after, double value);
  /// Not where axes would have to be joined that lie apart.
  [[nodiscard]] bool reshape(const Shape& shape);

  /// Joins axes that are one, and drops those of size 1. The order of the elements stays.
  void coalesce();

  Shape shape() const;
  bool bounded() const;
  /// Whether the elements lie one after the other, all of them there. What it says does not depend on where slices and
  /// padding begin.
  bool is_contiguous() const;
  /// Whether everything that is read lies within so many elements.
  bool lies_within(std::int64_t elements) const;

  std::vector<Axis> axes;  // outermost first
  std::int64_t offset = 0;
  double fill = 0;
};

}  // namespace xgrad
