#pragma once

// Numbers for tests that make their cases up. Those that are not whole are the numbers of the standard library's
// distributions, which ask for two logarithms of long doubles each time: without optimisation, tests of many numbers
// would spend most of their time there.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace xgrad::testing {

using Random = std::mt19937_64;

inline std::int64_t pick(Random& random, std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most - least + 1));
}

/// std::uniform_real_distribution<T>(low, high)(random)
template <class T = double, class Generator>
T uniform(Generator& random, T low = 0, T high = 1) {
  constexpr int bits = std::bit_width(Generator::max());  // of a number, which are all that it could have
  static_assert(Generator::min() == 0 && Generator::max() >> (bits - 1) == 1);
  T sum = 0, scale = 1;
  for (int filled = 0; filled < std::numeric_limits<T>::digits; filled += bits) {
    sum += static_cast<T>(random()) * scale;
    scale *= static_cast<T>(0x1p32) * static_cast<T>(bits == 64 ? 0x1p32 : 1);
  }
  return std::min(sum / scale, 1 - std::numeric_limits<T>::epsilon() / 2) * (high - low) + low;
}

/// std::normal_distribution<T>(0, deviation)
template <class T = double>
class Normal {
 public:
  explicit Normal(T deviation = 1) : deviation_(deviation) {}

  template <class Generator>
  T operator()(Generator& random) {
    is_kept_ = !is_kept_;
    if (!is_kept_) return kept_ * deviation_;
    T x = 0, y = 0, square = 0;
    while (square == 0 || square > 1) {
      x = 2 * uniform<T>(random) - 1, y = 2 * uniform<T>(random) - 1;
      square = x * x + y * y;
    }
    const T scale = std::sqrt(-2 * std::log(square) / square);
    kept_ = x * scale;
    return y * scale * deviation_;
  }

 private:
  T deviation_, kept_ = 0;
  bool is_kept_ = false;
};

/// The first number of a Normal.
inline double normal(Random& random, double deviation = 1) { return Normal<double>(deviation)(random); }

}  // namespace xgrad::testing
