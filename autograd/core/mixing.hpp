// Hashing of words.

#pragma once

#include <cstdint>

namespace xgrad {

/// The hash of the words so far and one more. It uses both halves of the product: products carry only upwards, so words
/// that differ only in high bits, such as doubles with few digits, would not change the low half.
inline std::uint64_t mixed(std::uint64_t mixture, std::uint64_t word) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(mixture ^ word) * 0x9E3779B97F4A7C15u;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// A hash any of whose bits can be used as a slot number.
inline std::uint64_t scattered(std::uint64_t mixture) {
  mixture = (mixture ^ mixture >> 32) * 0xBF58476D1CE4E5B9u;
  return mixture ^ mixture >> 32;
}

}  // namespace xgrad
