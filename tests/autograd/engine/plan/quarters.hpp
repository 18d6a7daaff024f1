#pragma once

#include <cstdint>

#include "autograd/autograd.hpp"

namespace xgrad::testing {

/// Quarters of whole numbers below 10, in memory: whatever adds them up is exact.
inline Tensor quarters(const Shape& shape, DType dtype, std::uint64_t seed) {
  Rng rng(seed);
  const Tensor drawn = cast(randint(shape, rng, -9, 10), dtype) / 4.0;
  evaluate(drawn);
  return drawn;
}

}  // namespace xgrad::testing
