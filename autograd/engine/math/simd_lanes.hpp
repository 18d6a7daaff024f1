#pragma once

// Lanes of an instruction set as an emitter (see emitter.hpp), for files that are compiled for that instruction set.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <xsimd/xsimd.hpp>

#include "autograd/engine/math/emitter.hpp"

namespace xgrad::fused {

template <class Number, class Architecture>
struct LanesOf {
  using T = Number;
  using R = xsimd::batch<T, Architecture>;
  using M = typename R::batch_bool_type;
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  using Words = xsimd::batch<Word, Architecture>;
  static constexpr int width = static_cast<int>(R::size);
  static constexpr bool on_x86 = !std::is_base_of_v<xsimd::neon, Architecture>;
#if (defined(__x86_64__) || defined(__i386__)) && !defined(__FMA__) && !defined(__AVX512F__)
  static constexpr bool has_fma = false;
#else
  static constexpr bool has_fma = true;
#endif
  static constexpr bool has_rounding = std::is_base_of_v<xsimd::sse4_1, Architecture> ||
                                       std::is_base_of_v<xsimd::avx, Architecture> ||
                                       std::is_base_of_v<xsimd::avx512f, Architecture>;

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
  // Without a rounding instruction xsimd converts to whole numbers, which have no -0.
  XGRAD_LANES R floor(R a) { return has_rounding ? xsimd::floor(a) : xsimd::floor(a) | (a & R(-T{0})); }
  XGRAD_LANES R ceil(R a) { return has_rounding ? xsimd::ceil(a) : xsimd::ceil(a) | (a & R(-T{0})); }
  XGRAD_LANES R round(R a) { return xsimd::nearbyint(a); }
  // xsimd 8 has no fma for AVX-512.
  XGRAD_LANES R fma(R a, R b, R c) {
#if defined(__AVX512F__)
    if constexpr (sizeof(R) == 64 && sizeof(T) == 4) return _mm512_fmadd_ps(a, b, c);
    if constexpr (sizeof(R) == 64 && sizeof(T) == 8) return _mm512_fmadd_pd(a, b, c);
#endif
    return xsimd::fma(a, b, c);
  }
  XGRAD_LANES R fms(R a, R b, R c) {
#if defined(__AVX512F__)
    if constexpr (sizeof(R) == 64 && sizeof(T) == 4) return _mm512_fmsub_ps(a, b, c);
    if constexpr (sizeof(R) == 64 && sizeof(T) == 8) return _mm512_fmsub_pd(a, b, c);
#endif
    return xsimd::fms(a, b, c);
  }
  XGRAD_LANES R fnma(R a, R b, R c) {
#if defined(__AVX512F__)
    if constexpr (sizeof(R) == 64 && sizeof(T) == 4) return _mm512_fnmadd_ps(a, b, c);
    if constexpr (sizeof(R) == 64 && sizeof(T) == 8) return _mm512_fnmadd_pd(a, b, c);
#endif
    return xsimd::fnma(a, b, c);
  }
  XGRAD_LANES R fma_once(R a, R b, R c) {
    if constexpr (has_fma) return fma(a, b, c);
    T x[width], y[width], z[width];
    store(x, a), store(y, b), store(z, c);
    for (int i = 0; i < width; ++i) x[i] = std::fma(x[i], y[i], z[i]);
    return load(x);
  }
  XGRAD_LANES R fms_once(R a, R b, R c) {
    if constexpr (has_fma) return fms(a, b, c);
    return fma_once(a, b, -c);
  }
  XGRAD_LANES R fnma_once(R a, R b, R c) {
    if constexpr (has_fma) return fnma(a, b, c);
    return fma_once(-a, b, c);
  }
  XGRAD_LANES R min(R a, R b) {
    if constexpr (on_x86) return xsimd::min(a, b);  // one instruction with just this meaning
    return xsimd::select(a < b, a, b);
  }
  XGRAD_LANES R max(R a, R b) {
    if constexpr (on_x86) return xsimd::max(a, b);
    return xsimd::select(b < a, a, b);
  }

  XGRAD_LANES R bit_and(R a, R b) { return a & b; }
  XGRAD_LANES R bit_or(R a, R b) { return a | b; }
  XGRAD_LANES R bit_xor(R a, R b) { return a ^ b; }
  XGRAD_LANES R bit_clear(R a, R b) { return lanes(words(a) & ~words(b)); }
  XGRAD_LANES R shift_left(R a, int n) { return lanes(words(a) << n); }
  XGRAD_LANES R shift_right(R a, int n) { return lanes(words(a) >> n); }
  XGRAD_LANES R integer_add(R a, R b) { return lanes(words(a) + words(b)); }
  XGRAD_LANES R integer_sub(R a, R b) { return lanes(words(a) - words(b)); }

  XGRAD_LANES M equal(R a, R b) { return a == b; }
  // The a != b of xsimd is false for NaN on some instruction sets.
  XGRAD_LANES M not_equal(R a, R b) {
#if defined(__AVX512F__)
    if constexpr (sizeof(R) == 64 && sizeof(T) == 4) return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ);
    if constexpr (sizeof(R) == 64 && sizeof(T) == 8) return _mm512_cmp_pd_mask(a, b, _CMP_NEQ_UQ);
#elif defined(__AVX2__)
    if constexpr (sizeof(R) == 32 && sizeof(T) == 4) return _mm256_cmp_ps(a, b, _CMP_NEQ_UQ);
    if constexpr (sizeof(R) == 32 && sizeof(T) == 8) return _mm256_cmp_pd(a, b, _CMP_NEQ_UQ);
#endif
    return !(a == b);
  }
  XGRAD_LANES M less(R a, R b) { return a < b; }
  XGRAD_LANES M less_equal(R a, R b) { return a <= b; }
  XGRAD_LANES M mask_and(M a, M b) { return a & b; }
  XGRAD_LANES M mask_or(M a, M b) { return a | b; }
  // The a ^ b of xsimd 8 is a | b for the masks of AVX-512.
  XGRAD_LANES M mask_xor(M a, M b) {
    if constexpr (sizeof(R) == 64) return M(static_cast<typename M::register_type>(a.data ^ b.data));
    return a ^ b;
  }
  XGRAD_LANES M mask_not(M a) { return !a; }
  XGRAD_LANES R select(M m, R a, R b) { return xsimd::select(m, a, b); }
  XGRAD_LANES R keep(M m, R a) {
    if constexpr (sizeof(m.data) == sizeof(R)) return R(m.data) & a;
    return xsimd::select(m, a, R(T{}));
  }
  XGRAD_LANES R call_where(M m, T (*function)(T), R x, R y) {
    if (!xsimd::any(m)) return y;
    return called(from_mask(m), function, x, y);
  }
  /// Masks in memory are lanes with all bits set, which as numbers are NaN, or none.
  XGRAD_LANES M mask(R a) { return not_equal(a, a); }
  XGRAD_LANES R from_mask(M m) { return keep(m, bits(~std::uint64_t{0})); }

  XGRAD_LANES R load(const T* p) { return R::load_unaligned(p); }
  XGRAD_LANES void store(T* p, R a) { a.store_unaligned(p); }

  /// Loads the first n lanes, 0 <= n <= width, and sets the others to 0. Reads no other memory.
  XGRAD_LANES R load_part(const T* p, std::int64_t n) {
#if defined(__AVX512F__)
    if constexpr (sizeof(R) == 64 && sizeof(T) == 4) return _mm512_maskz_loadu_ps(part(n), p);
    if constexpr (sizeof(R) == 64 && sizeof(T) == 8) return _mm512_maskz_loadu_pd(part(n), p);
#elif defined(__AVX2__)
    if constexpr (sizeof(R) == 32 && sizeof(T) == 4) return _mm256_maskload_ps(p, part(n));
    if constexpr (sizeof(R) == 32 && sizeof(T) == 8) return _mm256_maskload_pd(p, part(n));
#endif
    T buffer[width] = {};
    std::memcpy(buffer, p, static_cast<std::size_t>(n) * sizeof(T));
    return load(buffer);
  }
  XGRAD_LANES void store_part(T* p, R a, std::int64_t n) {
#if defined(__AVX512F__)
    if constexpr (sizeof(R) == 64 && sizeof(T) == 4) return _mm512_mask_storeu_ps(p, part(n), a);
    if constexpr (sizeof(R) == 64 && sizeof(T) == 8) return _mm512_mask_storeu_pd(p, part(n), a);
#elif defined(__AVX2__)
    if constexpr (sizeof(R) == 32 && sizeof(T) == 4) return _mm256_maskstore_ps(p, part(n), a);
    if constexpr (sizeof(R) == 32 && sizeof(T) == 8) return _mm256_maskstore_pd(p, part(n), a);
#endif
    T buffer[width];
    store(buffer, a);
    std::memcpy(p, buffer, static_cast<std::size_t>(n) * sizeof(T));
  }

 private:
  [[gnu::noinline]] static R called(R mask, T (*function)(T), R x, R y) {
    T wanted[width], from[width], to[width];
    store(wanted, mask), store(from, x), store(to, y);
    for (int i = 0; i < width; ++i)
      if (wanted[i] != wanted[i]) to[i] = function(from[i]);
    return load(to);
  }
#if defined(__AVX512F__)
  using Part = std::conditional_t<sizeof(T) == 4, __mmask16, __mmask8>;
  XGRAD_LANES Part part(std::int64_t n) { return static_cast<Part>((1u << n) - 1u); }
#elif defined(__AVX2__)
  XGRAD_LANES __m256i part(std::int64_t n) {
    alignas(64) static constexpr Word masks[16] = {~Word{}, ~Word{}, ~Word{}, ~Word{},
                                                   ~Word{}, ~Word{}, ~Word{}, ~Word{}};
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(masks + 8 - n));
  }
#endif
#undef XGRAD_LANES
};

template <class L>
XGRAD_FORCE_INLINE typename L::R load_double(const double* p) {
  return L::load(p);
}
/// Loads `width` floats as doubles.
template <class L>
XGRAD_FORCE_INLINE typename L::R load_double(const float* p) {
#if defined(__AVX512F__)
  return _mm512_cvtps_pd(_mm256_loadu_ps(p));
#elif defined(__AVX2__)
  return _mm256_cvtps_pd(_mm_loadu_ps(p));
#else
  double wide[L::width];
  for (int i = 0; i < L::width; ++i) wide[i] = static_cast<double>(p[i]);
  return L::load(wide);
#endif
}

}  // namespace xgrad::fused
