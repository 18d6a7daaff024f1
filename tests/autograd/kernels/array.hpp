#pragma once

// Arrays to test kernels with, and the slow and obvious way through their elements.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "autograd/core/random.hpp"
#include "autograd/core/view.hpp"

namespace xgrad::test {

template <class T>
class Array {
 public:
  explicit Array(Shape shape)
      : shape_(std::move(shape)), elements_(new T[static_cast<std::size_t>(shape_.numel())]()) {}
  Array(Shape shape, std::vector<T> values) : Array(std::move(shape)) {
    for (std::size_t i = 0; i < values.size(); ++i) elements_[i] = values[i];
  }

  View view() const { return {elements_.get(), shape_, dtype_of<T>}; }
  const Shape& shape() const { return shape_; }
  std::int64_t size() const { return shape_.numel(); }
  T& operator[](std::int64_t i) const { return elements_[static_cast<std::size_t>(i)]; }
  /// The element at these places, one for each axis.
  T& at(const std::vector<std::int64_t>& place) const {
    std::int64_t i = 0;
    for (std::int64_t axis = 0; axis < shape_.ndim(); ++axis)
      i = i * shape_[axis] + place[static_cast<std::size_t>(axis)];
    return (*this)[i];
  }
  std::vector<T> values() const { return std::vector<T>(elements_.get(), elements_.get() + size()); }

 private:
  Shape shape_;
  std::unique_ptr<T[]> elements_;
};

/// Small whole numbers, whose sums are exact.
template <class T>
Array<T> random_array(const Shape& shape, Rng& rng) {
  Array<T> array(shape);
  for (std::int64_t i = 0; i < array.size(); ++i)
    array[i] = static_cast<T>(static_cast<std::int64_t>(rng.below(19)) - 9);
  return array;
}

inline std::int64_t random_below(std::int64_t bound, Rng& rng) {
  return static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(bound)));
}

/// Zero to six axes, of sizes 0 to 5; 0 is rare, 1 is not.
inline Shape random_shape(Rng& rng, std::int64_t least_axes = 0) {
  constexpr std::int64_t sizes[] = {1, 1, 2, 2, 3, 3, 4, 5};
  std::vector<std::int64_t> shape;
  for (std::int64_t axes = least_axes + random_below(7 - least_axes, rng); axes > 0; --axes)
    shape.push_back(rng.below(25) == 0 ? 0 : sizes[rng.below(8)]);
  return shape;
}

/// Calls `body(place)` for every place of a shape, row-major.
template <class Body>
void for_each_place_of(const Shape& shape, Body body) {
  std::vector<std::int64_t> place(static_cast<std::size_t>(shape.ndim()), 0);
  for (std::int64_t count = shape.numel(); count > 0; --count) {
    body(std::as_const(place));
    for (std::int64_t axis = shape.ndim() - 1; axis >= 0; --axis) {
      std::int64_t& i = place[static_cast<std::size_t>(axis)];
      if (++i < shape[axis]) break;
      i = 0;
    }
  }
}

}  // namespace xgrad::test
