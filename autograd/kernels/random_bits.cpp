#include "autograd/kernels/random_bits.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace xgrad::kernels {

namespace {

using Two [[gnu::vector_size(16)]] = std::uint64_t;  // words of 32 bits, in one register

// The 64-bit products of 32-bit words.
Two product(Two a, std::uint32_t b) {
#if defined(__SSE2__)
  return reinterpret_cast<Two>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), _mm_set1_epi64x(b)));
#else
  return a * std::uint64_t{b};
#endif
}

}  // namespace

// Runs the rounds of philox for two blocks in a register.
BitPairs::BitPairs(RandomState state, std::uint64_t index) {
  constexpr int several = 4, width = 2;
  const std::uint64_t word = ~std::uint32_t{0};
  for (int at = 0; at < count; at += several * width) {
    Two x[several][4];
    for (int i = 0; i < several; ++i) {
      const std::uint64_t counter = state.counter + index + static_cast<std::uint64_t>(at + i * width);
      const Two counters{counter, counter + 1};
      x[i][0] = counters & word;
      x[i][1] = counters >> 32;
      x[i][2] = x[i][3] = Two{};
    }
    auto k0 = static_cast<std::uint32_t>(state.key), k1 = static_cast<std::uint32_t>(state.key >> 32);
    for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9, k1 += 0xBB67AE85)
      for (int i = 0; i < several; ++i) {
        const Two a = product(x[i][0], 0xD2511F53), b = product(x[i][2], 0xCD9E8D57);
        x[i][0] = (b >> 32) ^ x[i][1] ^ std::uint64_t{k0};
        x[i][2] = (a >> 32) ^ x[i][3] ^ std::uint64_t{k1};
        x[i][1] = b & word;
        x[i][3] = a & word;
      }
    for (int i = 0; i < several; ++i)
      for (int j = 0; j < width; ++j) {
        first[at + i * width + j] = x[i][0][j] | x[i][1][j] << 32;
        second[at + i * width + j] = x[i][2][j] | x[i][3][j] << 32;
      }
  }
}

}  // namespace xgrad::kernels
