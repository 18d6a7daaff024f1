#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "autograd/core/location.hpp"

namespace xgrad {

/// The most axes a Tensor can have: sets of axes are 64-bit masks.
inline constexpr std::int64_t max_ndim = 64;

/// The sizes of a Tensor's axes, outermost first. Up to four sizes are held in place.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> sizes) : Shape(sizes.begin(), sizes.size()) {}
  Shape(const std::vector<std::int64_t>& sizes) : Shape(sizes.data(), sizes.size()) {}
  Shape(const std::int64_t* sizes, std::size_t count);
  /// `count` axes of size `size`.
  static Shape filled(std::int64_t count, std::int64_t size);

  Shape(const Shape& other)
      : ndim_(other.ndim_), storage_(ndim_ <= in_place ? other.storage_ : copied(other.storage_.heap, ndim_)) {}
  Shape(Shape&& other) noexcept : ndim_(other.ndim_), storage_(other.storage_) { other.ndim_ = 0; }
  Shape& operator=(const Shape& other) { return *this = Shape(other); }
  [[gnu::always_inline]] Shape& operator=(Shape&& other) noexcept {  // on the path of recording
    if (this == &other) return *this;
    this->~Shape();
    return *new (this) Shape(std::move(other));
  }
  ~Shape() {
    if (ndim_ > in_place) [[unlikely]]
      delete[] storage_.heap;
  }

  std::int64_t ndim() const { return ndim_; }
  /// The number of elements: the product of the sizes, 1 for no axes.
  std::int64_t numel() const {
    std::int64_t product = 1;
    for (const std::int64_t size : *this) product *= size;
    return product;
  }
  const std::int64_t* data() const { return ndim_ > in_place ? storage_.heap : storage_.sizes; }
  std::int64_t* data() { return ndim_ > in_place ? storage_.heap : storage_.sizes; }
  std::int64_t operator[](std::int64_t axis) const { return data()[axis]; }
  std::int64_t& operator[](std::int64_t axis) { return data()[axis]; }
  std::int64_t back() const { return data()[ndim_ - 1]; }
  const std::int64_t* begin() const { return data(); }
  const std::int64_t* end() const { return data() + ndim_; }
  operator std::span<const std::int64_t>() const { return {begin(), end()}; }

  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.ndim_ != b.ndim_) return false;
    const std::int64_t *x = a.data(), *y = b.data();
    for (std::int64_t axis = 0; axis < a.ndim_; ++axis)
      if (x[axis] != y[axis]) return false;
    return true;
  }

 private:
  static constexpr std::int64_t in_place = 4;
  union Storage {
    std::int64_t sizes[in_place];
    std::int64_t* heap;
  };
  static Storage copied(const std::int64_t* sizes, std::int64_t count);

  std::int64_t ndim_ = 0;
  Storage storage_ = {};
};

/// `[2, 3]`
std::ostream& operator<<(std::ostream& out, const Shape& shape);

/// The strides of a row-major Tensor of this shape, in elements.
std::vector<std::int64_t> strides_of(const Shape& shape);

/// Throws ShapeError for a negative size and LimitError when the elements, at `item_size` bytes each,
/// cannot be counted or addressed, or there are more than `max_ndim` axes.
void check_shape(const Shape& shape, std::size_t item_size, const char* operation, const Location& where);

/// The shape that both broadcast to by numpy's rule; ShapeError naming the axis when there is none.
Shape broadcast_shapes(const Shape& a, const Shape& b, const char* operation, const Location& where);

}  // namespace xgrad
