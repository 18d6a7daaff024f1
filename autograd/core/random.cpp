#include "autograd/core/random.hpp"

namespace xgrad {

std::array<std::uint32_t, 4> philox(std::uint64_t key, std::uint64_t counter) {
  std::array<std::uint32_t, 4> x{static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32), 0, 0};
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * x[0], b = std::uint64_t{0xCD9E8D57} * x[2];
    x = {static_cast<std::uint32_t>(b >> 32) ^ x[1] ^ k0, static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ x[3] ^ k1, static_cast<std::uint32_t>(a)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return x;
}

std::uint64_t Rng::bits() {
  const auto block = philox(state_.key, state_.counter++);
  return block[0] | std::uint64_t{block[1]} << 32;
}

Rng Rng::split() { return Rng(bits()); }

std::uint64_t Rng::below(std::uint64_t bound) {
  // Rejects the numbers above the largest multiple of `bound`.
  const std::uint64_t rest = (~std::uint64_t{0} % bound + 1) % bound;
  for (;;)
    if (const std::uint64_t draw = bits(); draw <= ~std::uint64_t{0} - rest) return draw % bound;
}

Rng& default_rng() {
  static thread_local Rng rng;
  return rng;
}

void seed(std::uint64_t seed) { default_rng() = Rng(seed); }

}  // namespace xgrad
