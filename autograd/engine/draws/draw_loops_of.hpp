#pragma once

// DrawFunctions over the lanes of one instruction set; included once for each, by a file that is compiled for it.

#include <cstring>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/draws/draw_functions.hpp"
#include "autograd/engine/draws/draw_numbers.hpp"

namespace xgrad::fused {
namespace {  // no code of one instruction set may be taken for that of another

template <class Architecture>
struct DrawLoopsOf {
  using L = DrawLanes<Architecture>;
  using R = typename L::R;
  using Words = typename L::Words;
  // Registers of blocks that are made together, since a round waits for its products.
  static constexpr int several = 4, blocks = several * L::width;

  struct Blocks {
    Words first[several], second[several];
  };

  /// philox() of these blocks. What is in the upper halves of the words is left there until the end: products do not
  /// read it.
  XGRAD_FORCE_INLINE static Blocks blocks_from(RandomState from) {
    Words x[several][4];
#pragma GCC unroll 4
    for (int i = 0; i < several; ++i) {
      x[i][0] = L::counters(from.counter + static_cast<std::uint64_t>(i * L::width));
      x[i][1] = planted("counters of blocks have no upper word") ? Words(0) : x[i][0] >> 32;
      x[i][2] = x[i][3] = Words(0);
    }
    Words k0(from.key), k1(from.key >> 32);
    const Words m0(0xD2511F53), m1(0xCD9E8D57);
    for (int round = 0; round < 10; ++round, k0 = k0 + Words(0x9E3779B9), k1 = k1 + Words(0xBB67AE85)) {
#pragma GCC unroll 4
      for (int i = 0; i < several; ++i) {
        const Words a = L::product(x[i][0], m0), b = L::product(x[i][2], m1);
        x[i][0] = L::exclusive_or(b >> 32, x[i][1], k0);
        x[i][2] = L::exclusive_or(a >> 32, x[i][3], k1);
        x[i][1] = b;
        x[i][3] = a;
      }
    }
    Blocks made;
    const Words word(L::word);
#pragma GCC unroll 4
    for (int i = 0; i < several; ++i) {
      made.first[i] = (x[i][0] & word) | (x[i][1] << 32);
      made.second[i] = (x[i][2] & word) | (x[i][3] << 32);
    }
    return made;
  }

  /// Calls make(first, second, to) for registers of blocks, which writes `each` elements of every block.
  template <int each, class T, class Make>
  XGRAD_FORCE_INLINE static void fill(RandomState from, T* y, std::size_t size, Make make) {
    constexpr std::size_t together = each * blocks;
    for (std::size_t at = 0; at < size; at += together, from.counter += blocks) {
      const Blocks made = blocks_from(from);
      const std::size_t left = size - at;
      T rest[together], *to = left < together ? rest : y + at;
#pragma GCC unroll 4
      for (int i = 0; i < several; ++i) make(made.first[i], made.second[i], to + i * each * L::width);
      if (left < together && !planted("the last draws are not written")) std::memcpy(y + at, rest, left * sizeof(T));
    }
  }

  static void uniform_single(RandomState from, const kernels::UniformNumbers<float>& numbers, float* y,
                             std::size_t size) {
    using S = typename L::Singles;
    const typename S::R low(numbers.low), width(numbers.width), last(numbers.last), unit(0x1p-24f);
    fill<2>(from, y, size, [=](Words first, Words second, float* to) XGRAD_LAMBDA_INLINE {
      const auto fraction = S::mul(L::leading_bits_between(first, second), unit);
      S::store(to, S::min(last, S::add(low, S::mul(width, fraction))));
    });
  }

  static void uniform(RandomState from, const kernels::UniformNumbers<double>& numbers, double* y, std::size_t size) {
    const R low(numbers.low), width(numbers.width), last(numbers.last), unit(0x1p-53);
    const auto draw = [=](Words bits) XGRAD_LAMBDA_INLINE {
      return L::min(last, L::add(low, L::mul(width, L::mul(L::leading_bits(bits), unit))));
    };
    fill<2>(from, y, size, [=](Words first, Words second, double* to) XGRAD_LAMBDA_INLINE {
      L::store_between(to, draw(first), draw(second));
    });
  }

  /// Box and Muller, "A note on the generation of random normal deviates", 1958.
  template <class T>
  static void normal(RandomState from, const kernels::NormalNumbers& numbers, T* y, std::size_t size) {
    const R mean(numbers.mean), deviation(numbers.deviation);
    fill<2>(from, y, size, [=](Words first, Words second, T* to) XGRAD_LAMBDA_INLINE {
      const R scaled = L::mul(deviation, radius<L>(first));
      const Point<L> point = on_circle<L>(second);
      L::store_between(to, L::add(mean, L::mul(scaled, point.cosine)), L::add(mean, L::mul(scaled, point.sine)));
    });
  }

  static void whole(RandomState from, const kernels::WholeNumbers& numbers, std::int64_t* y, std::size_t size) {
    const auto low = static_cast<std::uint64_t>(numbers.low), range = numbers.range;
    if (range <= L::word) {
      const Words least(low), times(range);
      fill<1>(from, y, size, [=](Words first, Words second, std::int64_t* to) XGRAD_LAMBDA_INLINE {
        (least + scaled<L>(first, second, times)).store_unaligned(reinterpret_cast<std::uint64_t*>(to));
      });
      return;
    }
    fill<1>(from, y, size, [=](Words first, Words second, std::int64_t* to) XGRAD_LAMBDA_INLINE {
      std::uint64_t high[L::width], rest[L::width];
      first.store_unaligned(high), second.store_unaligned(rest);
      for (int i = 0; i < L::width; ++i) {
        const unsigned __int128 carried = static_cast<unsigned __int128>(range) * rest[i] >> 64;
        const unsigned __int128 product = static_cast<unsigned __int128>(range) * high[i] + carried;
        to[i] = static_cast<std::int64_t>(low + static_cast<std::uint64_t>(product >> 64));
      }
    });
  }

  static constexpr DrawFunctions functions{uniform_single, uniform, normal<float>, normal<double>, whole};
};

}  // namespace
}  // namespace xgrad::fused
