#pragma once

#include <cstdint>
#include <span>

#include "autograd/core/dtype.hpp"
#include "autograd/core/shape.hpp"

namespace xgrad {

/// The elements of a value as a kernel sees them: row-major and contiguous.
struct View {
  void* data;
  const Shape& shape;
  DType dtype;

  std::int64_t numel() const { return shape.numel(); }
  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
  template <class T>
  std::span<T> span() const {
    return {as<T>(), static_cast<std::size_t>(numel())};
  }
};

}  // namespace xgrad
