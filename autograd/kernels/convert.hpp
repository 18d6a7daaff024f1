#pragma once

// For the kernels' own .cpp files: one element from one type to another, defined for every value.

#include <concepts>
#include <cstdint>
#include <limits>

namespace xgrad::kernels {

/// Floating numbers become int64 by cutting towards zero; beyond its range the nearest end, and 0 for NaN. Everything
/// but 0 becomes true.
template <class To, class From>
To convert(From value) {
  if constexpr (std::same_as<To, bool>) {
    return value != From{};
  } else if constexpr (std::same_as<To, std::int64_t> && std::floating_point<From>) {
    constexpr auto end = static_cast<From>(9223372036854775808.0);  // 2^63
    if (value >= end) return std::numeric_limits<std::int64_t>::max();
    if (value < -end) return std::numeric_limits<std::int64_t>::min();
    return value == value ? static_cast<std::int64_t>(value) : 0;
  } else {
    return static_cast<To>(value);
  }
}

}  // namespace xgrad::kernels
