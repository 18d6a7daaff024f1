#pragma once

// Lanes of an instruction set as an emitter (see math.hpp), for files that are compiled for that instruction set.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <xsimd/xsimd.hpp>

#include "autograd/engine/math.hpp"

namespace xgrad::fused {

template <class Number, class Architecture>
struct LanesOf {
  using T = Number;
  using R = xsimd::batch<T, Architecture>;
  using M = typename R::batch_bool_type;
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  using Words = xsimd::batch<Word, Architecture>;
  static constexpr int width = static_cast<int>(R::size);
  static constexpr bool has_fma = !std::is_base_of_v<xsimd::sse2, Architecture>;

#define XGRAD_LANES XGRAD_FORCE_INLINE static
  XGRAD_LANES R number(double x) { return R(static_cast<T>(x)); }
  XGRAD_LANES R bits(std::uint64_t pattern) { return lanes(Words(static_cast<Word>(pattern))); }
  XGRAD_LANES Words words(R a) { return xsimd::bitwise_cast<Words>(a); }
  XGRAD_LANES R lanes(Words a) { return xsimd::bitwise_cast<R>(a); }

  XGRAD_LANES R add(R a, R b) { return a + b; }
  XGRAD_LANES R sub(R a, R b) { return a - b; }
  XGRAD_LANES R mul(R a, R b) { return a * b; }
  XGRAD_LANES R div(R a, R b) { return a / b; }
  XGRAD_LANES R sqrt(R a) { return xsimd::sqrt(a); }
  XGRAD_LANES R floor(R a) { return xsimd::floor(a); }
  XGRAD_LANES R ceil(R a) { return xsimd::ceil(a); }
  XGRAD_LANES R round(R a) { return xsimd::nearbyint(a); }
  XGRAD_LANES R fma(R a, R b, R c) { return xsimd::fma(a, b, c); }
  XGRAD_LANES R fms(R a, R b, R c) { return xsimd::fms(a, b, c); }
  XGRAD_LANES R fnma(R a, R b, R c) { return xsimd::fnma(a, b, c); }
  XGRAD_LANES R min(R a, R b) { return xsimd::select(a < b, a, b); }
  XGRAD_LANES R max(R a, R b) { return xsimd::select(b < a, a, b); }

  XGRAD_LANES R bit_and(R a, R b) { return a & b; }
  XGRAD_LANES R bit_or(R a, R b) { return a | b; }
  XGRAD_LANES R bit_xor(R a, R b) { return a ^ b; }
  XGRAD_LANES R bit_clear(R a, R b) { return lanes(words(a) & ~words(b)); }
  XGRAD_LANES R shift_left(R a, int n) { return lanes(words(a) << n); }
  XGRAD_LANES R shift_right(R a, int n) { return lanes(words(a) >> n); }
  XGRAD_LANES R integer_add(R a, R b) { return lanes(words(a) + words(b)); }
  XGRAD_LANES R integer_sub(R a, R b) { return lanes(words(a) - words(b)); }

  XGRAD_LANES M equal(R a, R b) { return a == b; }
  XGRAD_LANES M not_equal(R a, R b) { return a != b; }
  XGRAD_LANES M less(R a, R b) { return a < b; }
  XGRAD_LANES M less_equal(R a, R b) { return a <= b; }
  XGRAD_LANES M mask_and(M a, M b) { return a & b; }
  XGRAD_LANES M mask_or(M a, M b) { return a | b; }
  XGRAD_LANES M mask_xor(M a, M b) { return a ^ b; }
  XGRAD_LANES M mask_not(M a) { return !a; }
  XGRAD_LANES R select(M m, R a, R b) { return xsimd::select(m, a, b); }
  XGRAD_LANES R keep(M m, R a) { return xsimd::select(m, a, R(T{})); }

  XGRAD_LANES R load(const T* p) { return R::load_unaligned(p); }
  XGRAD_LANES void store(T* p, R a) { a.store_unaligned(p); }
#undef XGRAD_LANES
};

}  // namespace xgrad::fused
