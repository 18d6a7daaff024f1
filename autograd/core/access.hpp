#pragma once

// Where the elements of a view lie in the memory of another Tensor. Movements change an Access one after the other.

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/core/shape.hpp"

namespace xgrad {

/// Element (i_0, i_1, ...) is element offset + sum_k i_k stride_k of the memory if low_k <= i_k < high_k for each axis
/// k; else it is `fill`.
class Access {
 public:
  struct Axis {
    std::int64_t size = 1, stride = 0;
    std::int64_t low = 0, high = 1;
    bool bounded = false;  // whether elements may be outside the bounds; does not depend on dynamic arguments
    friend bool operator==(const Axis&, const Axis&) = default;
  };

  Access() = default;
  /// The elements of a contiguous Tensor of this shape.
  explicit Access(const Shape& shape);

  // Each of these applies the movement of its name, whose arguments are checked (see ops/movement.hpp).
  void slice(std::int64_t axis, std::int64_t start, std::int64_t step, std::int64_t count);
  void flip(std::int64_t axis);
  void permute(std::span<const std::int64_t> order);
  void broadcast(const Shape& shape);
  // These return whether the result has an Access.

  /// Puts an axis of `places` elements, `distance` apart on `axis`, before axis `before`; `axis` keeps `count` of its
  /// elements, every step-th. Not on an axis that is padded.
  [[nodiscard]] bool windows(std::int64_t axis, std::int64_t count, std::int64_t step, std::int64_t places,
                             std::int64_t distance, std::int64_t before);
  /// Not where the elements are padded with another number already.
  [[nodiscard]] bool pad(std::int64_t axis, std::int64_t before, std::int64_t after, double value);
  /// Not where it would join axes that do not lie next to each other in memory.
  [[nodiscard]] bool reshape(const Shape& shape);

  /// Joins axes where possible, and drops those of size 1. The order of the elements stays.
  void coalesce();

  Shape shape() const;
  bool bounded() const;
  /// Whether the elements lie one after the other, without padding. The answer does not depend on dynamic arguments.
  bool is_contiguous() const;
  /// Whether all elements that are read lie in a memory of so many elements.
  bool lies_within(std::int64_t elements) const;

  std::vector<Axis> axes;  // outermost first
  std::int64_t offset = 0;
  double fill = 0;
};

}  // namespace xgrad
