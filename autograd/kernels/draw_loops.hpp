#pragma once

// For the kernels' own .cpp files: the loops that draw numbers from a stream.

#include <cstdint>
#include <span>

#include "autograd/core/random.hpp"

namespace xgrad::kernels {

/// min(low + width * fraction, last), for fractions in [0, 1): 24 bits of a number in float, 53 in double.
template <class T>
struct UniformNumbers {
  T low, width, last;
};
/// mean + radius cos(angle), mean + radius sin(angle), in double for both dtypes.
struct NormalNumbers {
  double mean, deviation;
};
/// low + floor(range * fraction), for fractions in [0, 1) of 128 bits.
struct WholeNumbers {
  std::int64_t low;
  std::uint64_t range;
};

// Fill y from the block on where the stream stands. Elements 2i and 2i + 1 are made of the two 64-bit numbers of block
// i; a whole number is made of a block. Defined by the engine, which has the instruction sets; the bits are the same on
// all of them.
void draw(RandomState from, const UniformNumbers<float>& numbers, std::span<float> y);
void draw(RandomState from, const UniformNumbers<double>& numbers, std::span<double> y);
void draw(RandomState from, const NormalNumbers& numbers, std::span<float> y);
void draw(RandomState from, const NormalNumbers& numbers, std::span<double> y);
void draw(RandomState from, const WholeNumbers& numbers, std::span<std::int64_t> y);

}  // namespace xgrad::kernels
