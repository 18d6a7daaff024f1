#pragma once

// For the kernels' own .cpp files: a block of random bits, and fractions made of it.

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "autograd/core/random.hpp"

namespace xgrad::kernels {

/// The two 64-bit numbers of a block.
struct BitPair {
  std::uint64_t first, second;
  BitPair(RandomState state, std::uint64_t index) {
    const auto words = philox(state.key, state.counter + index);
    first = words[0] | std::uint64_t{words[1]} << 32;
    second = words[2] | std::uint64_t{words[3]} << 32;
  }
};

/// The leading bits as a fraction in [0, 1), exactly.
template <std::floating_point T>
T fraction(std::uint64_t bits) {
  constexpr int kept = std::same_as<T, float> ? 24 : 53;
  constexpr T unit = T{1} / static_cast<T>(std::uint64_t{1} << kept);
  using Whole = std::conditional_t<std::same_as<T, float>, std::int32_t, std::int64_t>;  // its digits fit
  return static_cast<T>(static_cast<Whole>(bits >> (64 - kept))) * unit;
}

}  // namespace xgrad::kernels
