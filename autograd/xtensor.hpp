#pragma once

// Between Tensors and xtensor. Templates only: what `xt::xarray<float>` is depends on the flags of the program that
// includes this, so no compiled function of the library names it.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/core/buffer.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/tensor.hpp"
#include "autograd/xtensor_shim.hpp"

namespace xgrad {

namespace detail {

/// The element type that a Tensor keeps values of type V in: itself, else double or std::int64_t.
template <class V>
using Kept = std::conditional_t<is_floating(dtype_of<V>) || std::same_as<V, bool>, V,
                                std::conditional_t<std::floating_point<V>, double, std::int64_t>>;

template <class Sizes>
Shape shape_of(const Sizes& sizes) {
  std::vector<std::int64_t> result;
  for (const auto size : sizes) result.push_back(static_cast<std::int64_t>(size));
  return result;
}

/// xtensor's own row-major arrays of elements that a Tensor keeps as they are.
template <class A>
inline constexpr bool is_adoptable = false;
template <class S, class Sizes, class Tag>
inline constexpr bool is_adoptable<xt::xarray_container<S, xt::layout_type::row_major, Sizes, Tag>> =
    std::same_as<Kept<typename S::value_type>, typename S::value_type>;
template <class S, std::size_t N, class Tag>
inline constexpr bool is_adoptable<xt::xtensor_container<S, N, xt::layout_type::row_major, Tag>> =
    std::same_as<Kept<typename S::value_type>, typename S::value_type>;
template <class A>
concept Adoptable = is_adoptable<A>;

}  // namespace detail

/// A Tensor of the elements of any xtensor expression; integers become int64.
template <class E>
Tensor from_xtensor(const xt::xexpression<E>& expression, const Location& where = Location::current()) {
  const E& from = expression.derived_cast();
  using Value = typename E::value_type;
  static_assert(std::is_arithmetic_v<Value>, "a Tensor holds real numbers or bool");
  using T = detail::Kept<Value>;
  const Shape shape = detail::shape_of(from.shape());
  check_shape(shape, sizeof(T), "from_xtensor", where);
  const auto count = static_cast<std::size_t>(shape.numel());
  Buffer value = Buffer::allocate(count * sizeof(T), "from_xtensor", where);
  if (count > 0) {
    const std::vector<std::size_t> sizes(shape.begin(), shape.end());
    auto to = xt::adapt<xt::layout_type::row_major>(static_cast<T*>(value.data()), count, xt::no_ownership(), sizes);
    xt::noalias(to) = xt::cast<T>(from);
  }
  return make_leaf(shape, dtype_of<T>, std::move(value), where);
}

/// Takes a row-major array over, without copying its elements: `from_xtensor(std::move(array))`.
template <detail::Adoptable A>
Tensor from_xtensor(A&& array, const Location& where = Location::current()) {
  Shape shape = detail::shape_of(array.shape());
  check_shape(shape, sizeof(typename A::value_type), "from_xtensor", where);
  const auto owner = std::make_shared<A>(std::move(array));
  const std::size_t bytes = static_cast<std::size_t>(shape.numel()) * sizeof(typename A::value_type);
  return make_leaf(std::move(shape), dtype_of<typename A::value_type>, Buffer::adopt(owner->data(), bytes, owner),
                   where);
}

/// The elements of a Tensor as a read-only xtensor array, which keeps them alive; nothing is copied. Evaluates.
/// DTypeError unless T is the element type. Writing to a copy of the elements: `xt::xarray<T> a = as_xarray<T>(x)`.
template <class T>
auto as_xarray(const Tensor& x, const Location& where = Location::current()) {
  const T* elements = x.data<T>(where).data();
  const std::vector<std::size_t> sizes(x.shape().begin(), x.shape().end());
  return xt::adapt_smart_ptr<xt::layout_type::row_major>(std::move(elements), sizes, std::make_shared<const Tensor>(x));
}

}  // namespace xgrad
