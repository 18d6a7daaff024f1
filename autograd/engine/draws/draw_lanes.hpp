#pragma once

// What drawing needs beyond LanesOf. All of it has the same bits on every instruction set.

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "autograd/engine/math/simd_lanes.hpp"

namespace xgrad::fused {
namespace {  // no code of one instruction set may be taken for that of another

static_assert(std::endian::native == std::endian::little, "two words of 32 bits in one of 64 stand in their order");

/// Lanes of doubles whose products and sums are rounded apart also where there is an instruction for both.
template <class Architecture>
struct DrawLanes : LanesOf<double, Architecture> {
  using Base = LanesOf<double, Architecture>;
  using typename Base::R;
  using Words = typename Base::Words;
  using Singles = LanesOf<float, Architecture>;
  using Base::width;
  static constexpr std::uint64_t word = ~std::uint32_t{0};

#define XGRAD_LANES XGRAD_FORCE_INLINE static
  XGRAD_LANES R fma(R a, R b, R c) { return Base::add(Base::mul(a, b), c); }
  XGRAD_LANES R fnma(R a, R b, R c) { return Base::sub(c, Base::mul(a, b)); }

  /// Of the low halves.
  XGRAD_LANES Words product(Words a, Words b) {
#if defined(__AVX512F__)
    return _mm512_mul_epu32(a, b);
#elif defined(__AVX2__)
    return _mm256_mul_epu32(a, b);
#elif defined(__SSE2__)
    return _mm_mul_epu32(a, b);
#else
    std::uint64_t x[width], y[width];
    a.store_unaligned(x), b.store_unaligned(y);
    for (int i = 0; i < width; ++i) x[i] = (x[i] & word) * (y[i] & word);
    return Words::load_unaligned(x);
#endif
  }
  XGRAD_LANES Words exclusive_or(Words a, Words b, Words c) {
#if defined(__AVX512F__)
    return _mm512_ternarylogic_epi64(a, b, c, 0x96);
#else
    return a ^ b ^ c;
#endif
  }
  /// first, first + 1, ...
  XGRAD_LANES Words counters(std::uint64_t first) {
    std::uint64_t each[width];
    for (int i = 0; i < width; ++i) each[i] = first + static_cast<std::uint64_t>(i);
    return Words::load_unaligned(each);
  }
  /// The leading 53 bits as a whole number: its halves behind 2^84 and 2^52, of which nothing is rounded.
  XGRAD_LANES R leading_bits(Words a) {
    const R high = Base::lanes((a >> 43) | Words(0x4530000000000000));
    const R low = Base::lanes((a >> 11 & Words(word)) | Words(0x4330000000000000));
    return Base::add(Base::sub(high, Base::number(0x1p84 + 0x1p52)), low);
  }
  /// The leading 24 bits of a and b, as whole numbers: of lane 0 of a, of b, of lane 1 of a, ...
  XGRAD_LANES typename Singles::R leading_bits_between(Words a, Words b) {
    using Integers [[gnu::vector_size(sizeof(R))]] = std::int32_t;
    using Numbers [[gnu::vector_size(sizeof(R))]] = float;
    const Words both = (a >> 40) | ((b >> 8) & Words(~word));
    return typename Singles::R(
        bits_as<typename Singles::R::register_type>(__builtin_convertvector(bits_as<Integers>(both.data), Numbers)));
  }
  /// y[0] = lane 0 of a, y[1] = of b, y[2] = lane 1 of a, ..., rounded to T.
  template <class T>
  XGRAD_LANES void store_between(T* y, R a, R b) {
    store_as(y, zip<0>(a, b, std::make_integer_sequence<int, width>()));
    store_as(y + width, zip<width / 2>(a, b, std::make_integer_sequence<int, width>()));
  }

 private:
  template <class To, class From>
  XGRAD_LANES To bits_as(From from) {
    static_assert(sizeof(To) == sizeof(From));
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
  }
  template <int begin, int... i>
  XGRAD_LANES R zip(R a, R b, std::integer_sequence<int, i...>) {
    return R(__builtin_shufflevector(a.data, b.data, (begin + i / 2 + i % 2 * width)...));
  }
  XGRAD_LANES void store_as(double* y, R a) { Base::store(y, a); }
  XGRAD_LANES void store_as(float* y, R a) {
    using Numbers [[gnu::vector_size(sizeof(R) / 2)]] = float;
    const Numbers rounded = __builtin_convertvector(a.data, Numbers);
    std::memcpy(y, &rounded, sizeof rounded);
  }
#undef XGRAD_LANES
};

}  // namespace
}  // namespace xgrad::fused
