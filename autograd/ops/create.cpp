#include "autograd/ops/create.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "autograd/core/fail.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

constexpr double exact_limit = 9007199254740992.0;  // 2^53: whole numbers up to here are exact as doubles

Buffer allocate(const Shape& shape, DType dtype, const char* operation, const Location& where) {
  check_shape(shape, item_size(dtype), operation, where);
  return Buffer::allocate(static_cast<std::size_t>(shape.numel()) * item_size(dtype), operation, where);
}

// A leaf whose element i is `element(i)`, for a numeric dtype.
template <class Element>
Tensor generate(std::int64_t count, DType dtype, const char* operation, const Location& where, Element element) {
  Buffer value = allocate({count}, dtype, operation, where);
  dispatch(dtype, [&](auto zero) {
    auto* elements = static_cast<decltype(zero)*>(value.data());
    for (std::int64_t i = 0; i < count; ++i) elements[i] = static_cast<decltype(zero)>(element(i));
  });
  return make_leaf({count}, dtype, std::move(value), where);
}

}  // namespace

Tensor tensor_from(const void* from, const Shape& shape, DType dtype, const Location& where) {
  Buffer value = allocate(shape, dtype, "tensor", where);
  if (value.bytes() > 0) std::memcpy(value.data(), from, value.bytes());
  return make_leaf(shape, dtype, std::move(value), where);
}

namespace {

template <class From, class To>
void convert_elements(std::span<const From> from, To* to, const Location& where) {
  for (const From value : from) {
    if constexpr (std::floating_point<From> && std::same_as<To, std::int64_t>)
      check<ValueError>(std::abs(value) < From{9223372036854775808.0} && value == std::floor(value), where,
                        "tensor: ", value, " is not an int64 number");
    *to++ = static_cast<To>(value);
  }
}

}  // namespace

Tensor detail::tensor_of(const void* from, DType from_dtype, std::size_t count, const Shape& shape, DType dtype,
                         const Location& where) {
  check_shape(shape, 1, "tensor", where);
  check<ShapeError>(count == static_cast<std::size_t>(shape.numel()), where, "tensor: ", count,
                    " elements do not fit shape ", shape);
  if (from_dtype == dtype) return tensor_from(from, shape, dtype, where);
  Buffer value = allocate(shape, dtype, "tensor", where);
  dispatch(from_dtype, [&]<class From>(From) {
    dispatch(dtype, [&]<class To>(To) {
      convert_elements(std::span(static_cast<const From*>(from), count), static_cast<To*>(value.data()), where);
    });
  });
  return make_leaf(shape, dtype, std::move(value), where);
}

Tensor zeros(const Shape& shape, DType dtype, const Location& where) {
  const CallScope scope("zeros", where);
  return full(shape, 0, dtype, where);
}

Tensor ones(const Shape& shape, DType dtype, const Location& where) {
  const CallScope scope("ones", where);
  return full(shape, 1, dtype, where);
}

Tensor zeros_like(const Operand& x) {
  const CallScope scope("zeros_like", x.where());
  return full_like(x, 0);
}

Tensor ones_like(const Operand& x) {
  const CallScope scope("ones_like", x.where());
  return full_like(x, 1);
}

Tensor full_like(const Operand& x, AnyNumber value) {
  const CallScope scope("full_like", x.where());
  const Tensor like = x.tensor();
  return full(like.shape(), value, like.dtype(), x.where());
}

Tensor arange(double start, double stop, double step, DType dtype, const Location& where) {
  check<DTypeError>(dtype != boolean, where, "arange: the dtype must be a number's, not ", dtype);
  check<ValueError>(std::isfinite(start) && std::isfinite(stop) && std::isfinite(step) && step != 0, where,
                    "arange: there is no range from ", start, " to ", stop, " in steps of ", step);
  check<ValueError>(dtype != int64 || (start == std::floor(start) && step == std::floor(step)), where, "arange: from ",
                    start, " in steps of ", step, " is not whole, for int64");
  const double count = std::max(0.0, std::ceil((stop - start) / step));
  check<ValueError>(count <= exact_limit, where, "arange: from ", start, " to ", stop, " in steps of ", step,
                    " are too many elements");
  check<ValueError>(dtype != int64 || (std::abs(start) <= exact_limit && std::abs(stop) <= exact_limit), where,
                    "arange: from ", start, " to ", stop, " is not exact as int64 numbers");
  return generate(static_cast<std::int64_t>(count), dtype, "arange", where,
                  [=](std::int64_t i) { return start + static_cast<double>(i) * step; });
}

Tensor arange(std::int64_t stop, const Location& where) {
  check<ValueError>(stop >= 0, where, "arange: the count ", stop, " is negative");
  return generate(stop, int64, "arange", where, [](std::int64_t i) { return i; });
}

Tensor linspace(double start, double stop, std::int64_t count, DType dtype, const Location& where) {
  check<DTypeError>(is_floating(dtype), where, "linspace: the dtype must be floating, not ", dtype);
  check<ValueError>(count >= 0, where, "linspace: the count ", count, " is negative");
  check<ValueError>(std::isfinite(stop - start), where, "linspace: there is no range from ", start, " to ", stop);
  const double parts = static_cast<double>(count - 1);
  return generate(count, dtype, "linspace", where, [=](std::int64_t i) {
    if (i == 0) return start;
    return i == count - 1 ? stop : start + (stop - start) * (static_cast<double>(i) / parts);
  });
}

Tensor eye(std::int64_t rows, std::optional<std::int64_t> columns, DType dtype, const Location& where) {
  const Shape shape{rows, columns.value_or(rows)};
  Buffer value = allocate(shape, dtype, "eye", where);
  if (value.bytes() > 0) std::memset(value.data(), 0, value.bytes());
  dispatch(dtype, [&](auto zero) {
    auto* elements = static_cast<decltype(zero)*>(value.data());
    for (std::int64_t i = 0; i < std::min(shape[0], shape[1]); ++i) elements[i * shape[1] + i] = 1;
  });
  return make_leaf(shape, dtype, std::move(value), where);
}

Tensor permutation(std::int64_t count, Rng& rng, const Location& where) {
  check<ValueError>(count >= 0, where, "permutation: the count ", count, " is negative");
  Buffer value = allocate({count}, int64, "permutation", where);
  auto* elements = static_cast<std::int64_t*>(value.data());
  std::iota(elements, elements + count, 0);
  for (std::int64_t i = count - 1; i > 0; --i)  // Fisher and Yates
    std::swap(elements[i], elements[rng.below(static_cast<std::uint64_t>(i) + 1)]);
  return make_leaf({count}, int64, std::move(value), where);
}

}  // namespace xgrad
