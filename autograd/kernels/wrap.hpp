#pragma once

// For the kernels' own .cpp files: arithmetic that wraps around for int64, instead of being undefined.

#include <concepts>
#include <cstdint>

namespace xgrad::kernels {

/// The type in which elements of type T are computed.
template <class T>
struct wrapping {
  using type = T;
};
template <>
struct wrapping<std::int64_t> {
  using type = std::uint64_t;
};
template <class T>
using Wrapping = typename wrapping<T>::type;

template <class T>
T wrapping_add(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
}
template <class T>
T wrapping_sub(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
}
template <class T>
T wrapping_mul(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
}

}  // namespace xgrad::kernels
