#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>

#include "autograd/core/no_fast_math.hpp"

namespace xgrad {

/// The element type of a Tensor.
enum class DType : std::uint8_t { float32, float64, int64, boolean };

inline constexpr DType float32 = DType::float32;
inline constexpr DType float64 = DType::float64;
inline constexpr DType int64 = DType::int64;
inline constexpr DType boolean = DType::boolean;

constexpr bool is_floating(DType dtype) { return dtype == float32 || dtype == float64; }
constexpr std::size_t item_size(DType dtype) { return dtype == float32 ? 4 : dtype == boolean ? 1 : 8; }
/// Short name: f32, f64, i64, bool.
constexpr const char* name(DType dtype) {
  constexpr const char* names[] = {"f32", "f64", "i64", "bool"};
  return names[static_cast<int>(dtype)];
}
std::ostream& operator<<(std::ostream& out, DType dtype);

/// The DType of a C++ type: `dtype_of<float> == float32`. Every other integer type maps to int64.
template <class T>
inline constexpr DType dtype_of = int64;
template <>
inline constexpr DType dtype_of<float> = float32;
template <>
inline constexpr DType dtype_of<double> = float64;
template <>
inline constexpr DType dtype_of<bool> = boolean;

/// Calls `body(T{})` with the C++ type of `dtype`.
template <class Body>
decltype(auto) dispatch(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::float32:
      return body(float{});
    case DType::float64:
      return body(double{});
    case DType::int64:
      return body(std::int64_t{});
    default:
      return body(bool{});
  }
}

}  // namespace xgrad
