// Words mixed into a number by which they are looked for.

#pragma once

#include <cstdint>

namespace xgrad {

/// The mixture of the words so far and one more. Both halves of the product are in it, for products carry only up:
/// what differs in its high bits alone, as doubles of few digits do, would leave the low ones as they are.
inline std::uint64_t mixed(std::uint64_t mixture, std::uint64_t word) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(mixture ^ word) * 0x9E3779B97F4A7C15u;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// A place for a mixture, of which any bits may be taken.
inline std::uint64_t scattered(std::uint64_t mixture) {
  mixture = (mixture ^ mixture >> 32) * 0xBF58476D1CE4E5B9u;
  return mixture ^ mixture >> 32;
}

}  // namespace xgrad
