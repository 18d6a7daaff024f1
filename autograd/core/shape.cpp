#include "autograd/core/shape.hpp"

#include <algorithm>
#include <ostream>

#include "autograd/core/dtype.hpp"
#include "autograd/core/fail.hpp"

namespace xgrad {

Shape::Shape(const std::int64_t* sizes, std::size_t count) : ndim_(static_cast<std::int64_t>(count)) {
  if (ndim_ > in_place) storage_.heap = new std::int64_t[count];
  std::copy_n(sizes, count, data());
}

Shape Shape::filled(std::int64_t count, std::int64_t size) {
  Shape shape;
  if (count > in_place) shape.storage_.heap = new std::int64_t[static_cast<std::size_t>(count)];
  shape.ndim_ = count;
  std::fill_n(shape.data(), count, size);
  return shape;
}

Shape::Storage Shape::copied(const std::int64_t* sizes, std::int64_t count) {
  Storage copy;
  copy.heap = new std::int64_t[static_cast<std::size_t>(count)];
  std::copy_n(sizes, count, copy.heap);
  return copy;
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  std::string text = "[";
  for (std::int64_t axis = 0; axis < shape.ndim(); ++axis) text += (axis ? ", " : "") + std::to_string(shape[axis]);
  return out << text + ']';
}

std::ostream& operator<<(std::ostream& out, DType dtype) { return out << name(dtype); }

std::vector<std::int64_t> strides_of(const Shape& shape) {
  std::vector<std::int64_t> strides(static_cast<std::size_t>(shape.ndim()));
  std::int64_t elements = 1;
  for (std::size_t axis = strides.size(); axis-- > 0; elements *= shape[static_cast<std::int64_t>(axis)])
    strides[axis] = elements;
  return strides;
}

void check_shape(const Shape& shape, std::size_t item_size, const char* operation, const Location& where) {
  check<LimitError>(shape.ndim() <= max_ndim, where, operation, ": ", shape.ndim(), " axes, the most is ", max_ndim);
  bool empty = false;
  for (const std::int64_t size : shape) {
    check<ShapeError>(size >= 0, where, operation, ": negative size ", size, " in shape ", shape);
    empty = empty || size == 0;
  }
  // An empty shape must not overflow either, because other code multiplies the sizes beside the zero.
  auto bytes = static_cast<std::int64_t>(item_size);
  for (const std::int64_t size : shape)
    check<LimitError>(size == 0 || !__builtin_mul_overflow(bytes, size, &bytes), where, operation, ": shape ", shape,
                      " has more elements than can be addressed");
}

Shape broadcast_shapes(const Shape& a, const Shape& b, const char* operation, const Location& where) {
  const std::int64_t ndim = std::max(a.ndim(), b.ndim());
  Shape result = Shape::filled(ndim, 1);
  for (std::int64_t axis = 0; axis < ndim; ++axis) {
    const std::int64_t in_a = axis - (ndim - a.ndim()), in_b = axis - (ndim - b.ndim());
    const std::int64_t size_a = in_a < 0 ? 1 : a[in_a], size_b = in_b < 0 ? 1 : b[in_b];
    check<ShapeError>(size_a == size_b || size_a == 1 || size_b == 1, where, operation, ": sizes ", size_a, " and ",
                      size_b, " differ at axis ", axis, " of shapes ", a, " and ", b);
    result[axis] = size_a == 1 ? size_b : size_a;
  }
  return result;
}

}  // namespace xgrad
