#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

#include "autograd/core/dtype.hpp"
#include "autograd/core/location.hpp"
#include "autograd/core/shape.hpp"

namespace xgrad {

/// The elements of a value as a kernel sees them: row-major and contiguous.
struct View {
  void* data;
  const Shape& shape;
  DType dtype;

  std::int64_t numel() const { return shape.numel(); }
  /// The first element. DTypeError unless T is the element type, because a wider type would reach beyond the end.
  template <class T>
  T* as(const Location& where = Location::current()) const {
    using Element = std::remove_const_t<T>;
    static_assert(dtype_of<Element> != int64 || std::is_same_v<Element, std::int64_t>, "use std::int64_t");
    if (dtype != dtype_of<Element>) [[unlikely]]
      refuse_elements(dtype_of<Element>, where);
    return static_cast<T*>(data);
  }
  /// All elements. DTypeError unless T is the element type.
  template <class T>
  std::span<T> span(const Location& where = Location::current()) const {
    return {as<T>(where), static_cast<std::size_t>(numel())};
  }

 private:
  [[noreturn, gnu::cold]] void refuse_elements(DType asked, const Location& where) const;
};

}  // namespace xgrad
