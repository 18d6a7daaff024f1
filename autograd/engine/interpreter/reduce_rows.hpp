#pragma once

// Reductions along short rows: as many rows as a vector has lanes are transposed, so that each row has a lane and adds
// its columns one by one. Included by tile_loops.hpp only.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/math/simd_lanes.hpp"
#include "autograd/engine/programs/reduction_facts.hpp"

namespace xgrad::fused {
namespace {  // so that code of one instruction set is never linked in place of another's

/// `width` vectors of `width` lanes. They are transposed within 16-byte parts first, then the parts are.
template <class T, class Architecture>
class Square {
 public:
  using L = LanesOf<T, Architecture>;
  static constexpr int width = L::width;
  using V [[gnu::vector_size(width * sizeof(T))]] = T;

  /// Loads whole rows; row i begins at p + i * stride.
  XGRAD_FORCE_INLINE Square(const T* p, std::int64_t stride) {
#pragma GCC unroll 16
    for (int i = 0; i < width; ++i) rows_[i] = std::bit_cast<V>(L::load(p + i * stride).data);
#pragma GCC unroll 4
    for (int i = 0; i < width; i += inner) transpose_inner(rows_ + i);
  }
  /// Loads `rows` rows of `columns` columns, and reads no memory beyond them.
  XGRAD_FORCE_INLINE Square(const T* p, std::int64_t stride, std::int64_t rows, std::int64_t columns) {
#pragma GCC unroll 16
    for (int i = 0; i < width; ++i)
      rows_[i] = std::bit_cast<V>(
          L::load_part(p + std::min<std::int64_t>(i, rows - 1) * stride, std::min<std::int64_t>(width, columns)).data);
#pragma GCC unroll 4
    for (int i = 0; i < width; i += inner) transpose_inner(rows_ + i);
  }
  /// Calls take(j, column j) for the first columns.
  template <class Take>
  XGRAD_FORCE_INLINE void columns(std::int64_t count, Take&& take) {
    V column[width];
#pragma GCC unroll 4
    for (int j = 0; j < inner; ++j) transpose_outer(j, column);
#pragma GCC unroll 16
    for (int j = 0; j < width; ++j) {
      if (j == count) return;
      take(column[j]);
    }
  }

 private:
  static constexpr int inner = 16 / sizeof(T), outer = width / inner;

  template <auto index, std::size_t... l>
  XGRAD_FORCE_INLINE static V shuffle(V a, V b, std::index_sequence<l...>) {
    return __builtin_shufflevector(a, b, index(static_cast<int>(l))...);
  }
  /// Lane l of the result is lane index(l) of a; of b from `width` on.
  template <auto index>
  XGRAD_FORCE_INLINE static V shuffle(V a, V b) {
    return shuffle<index>(a, b, std::make_index_sequence<width>());
  }
  /// In each 16 bytes: lanes of a and of b from `first` on, `group` of each in turn.
  template <int first, int group>
  XGRAD_FORCE_INLINE static V zip(V a, V b) {
    return shuffle<[](int l) {
      const int k = l % inner, turn = k / group;
      return turn % 2 * width + l - k + first + turn / 2 * group + k % group;
    }>(a, b);
  }
  /// Every other 16 bytes of a, then those of b.
  template <int first>
  XGRAD_FORCE_INLINE static V every_other(V a, V b) {
    return shuffle<[](int l) {
      const int block = 2 * (l / inner) + first;
      return block % outer * inner + l % inner + (block >= outer ? width : 0);
    }>(a, b);
  }

  XGRAD_FORCE_INLINE static void transpose_inner(V* r) {
    if constexpr (inner == 2) {
      const V a = r[0], b = r[1];
      r[0] = zip<0, 1>(a, b), r[1] = zip<1, 1>(a, b);
    } else {
      const V low = zip<0, 1>(r[0], r[1]), high = zip<2, 1>(r[0], r[1]);
      const V next_low = zip<0, 1>(r[2], r[3]), next_high = zip<2, 1>(r[2], r[3]);
      r[0] = zip<0, 2>(low, next_low), r[1] = zip<2, 2>(low, next_low);
      r[2] = zip<0, 2>(high, next_high), r[3] = zip<2, 2>(high, next_high);
    }
  }
  /// Columns j, j + inner, and so on.
  XGRAD_FORCE_INLINE void transpose_outer(int j, V* column) const {
    const auto of = [&](int group) XGRAD_LAMBDA_INLINE { return rows_[group * inner + j]; };
    if constexpr (outer == 1) column[j] = of(0);
    if constexpr (outer == 2)
      column[j] = every_other<0>(of(0), of(1)), column[j + inner] = every_other<1>(of(0), of(1));
    if constexpr (outer == 4) {
      const V even = every_other<0>(of(0), of(1)), more_even = every_other<0>(of(2), of(3));
      const V odd = every_other<1>(of(0), of(1)), more_odd = every_other<1>(of(2), of(3));
      column[j] = every_other<0>(even, more_even), column[j + 2 * inner] = every_other<1>(even, more_even);
      column[j + inner] = every_other<0>(odd, more_odd), column[j + 3 * inner] = every_other<1>(odd, more_odd);
    }
  }

  V rows_[width];
};

/// The totals of `width` rows: doubles, or of the dtype for max and min.
template <Code code, class T, class Architecture>
class RowTotals {
 public:
  static constexpr int width = LanesOf<T, Architecture>::width;
  using V = typename Square<T, Architecture>::V;

  XGRAD_FORCE_INLINE RowTotals() {
    for (R& total : totals_) total = R(static_cast<A>(facts.start));
  }
  XGRAD_FORCE_INLINE void take(V column) {
    if constexpr (parts == 1) {
      totals_[0] = joined<facts.join>(e_, totals_[0], lanes<0>(column));
    } else {
      totals_[0] = joined<facts.join>(e_, totals_[0], lanes<0>(column));
      totals_[1] = joined<facts.join>(e_, totals_[1], lanes<1>(column));
    }
  }
  XGRAD_FORCE_INLINE void store(T* y) const {
    for (int k = 0; k < parts; ++k) store(y + k * L::width, totals_[k]);
  }

 private:
  static constexpr ReductionFacts facts = reduction_facts(code);
  using A = std::conditional_t<facts.in_lanes, double, T>;
  using L = LanesOf<A, Architecture>;
  using R = typename L::R;
  static constexpr int parts = width / L::width;
  using Part [[gnu::vector_size(L::width * sizeof(T))]] = T;
  using Wide [[gnu::vector_size(L::width * sizeof(A))]] = A;

  template <int part>
  XGRAD_FORCE_INLINE static R lanes(V column) {
    const Part some = [&]<std::size_t... l>(std::index_sequence<l...>) XGRAD_LAMBDA_INLINE {
      return __builtin_shufflevector(column, column, (part * L::width + static_cast<int>(l))...);
    }
    (std::make_index_sequence<L::width>());
    // GCC 12 would convert eight floats in four steps.
#if defined(__AVX512F__)
    if constexpr (sizeof(A) > sizeof(T)) return R(_mm512_cvtps_pd(std::bit_cast<__m256>(some)));
#elif defined(__AVX2__)
    if constexpr (sizeof(A) > sizeof(T)) return R(_mm256_cvtps_pd(std::bit_cast<__m128>(some)));
#endif
    return R(std::bit_cast<typename R::register_type>(__builtin_convertvector(some, Wide)));
  }

  XGRAD_FORCE_INLINE static void store(T* y, R total) {
    if constexpr (!facts.in_lanes) return L::store(y, L::add(total, R(A{0})));
#if defined(__AVX512F__)
    if constexpr (sizeof(A) > sizeof(T)) return _mm256_storeu_ps(y, _mm512_cvtpd_ps(total));
#elif defined(__AVX2__)
    if constexpr (sizeof(A) > sizeof(T)) return _mm_storeu_ps(y, _mm256_cvtpd_ps(total));
#endif
    A numbers[L::width];
    L::store(numbers, total);
    for (int k = 0; k < L::width; ++k) y[k] = static_cast<T>(numbers[k]);
  }

  L e_;
  R totals_[parts];
};

/// Reduces rows of less than 64 columns, as many at a time as a vector has lanes. Each row takes its columns in order.
/// Reads no memory beyond the rows.
template <Code code, class T, class Architecture>
void reduce_rows(void* out, const void* a, const void*, const void* c, std::int64_t n) {
  using Block = Square<T, Architecture>;
  constexpr int width = Block::width;
  const std::int64_t columns = *static_cast<const std::int64_t*>(c);
  T* y = static_cast<T*>(out);
  const T* p = static_cast<const T*>(a);
  const auto rows = [columns](auto&& square) XGRAD_LAMBDA_INLINE {
    RowTotals<code, T, Architecture> totals;
    for (std::int64_t j = planted("a short row is reduced without its first columns") ? width : 0; j < columns;
         j += width)
      square(j).columns(columns - j, [&](auto column) XGRAD_LAMBDA_INLINE { totals.take(column); });
    return totals;
  };
  // Whole vectors of a row reach into so many of the rows behind it.
  const std::int64_t beyond = ((columns + width - 1) / width * width - 1) / columns;
  std::int64_t i = 0;
  for (; i + width + beyond <= n; i += width)
    rows([&](std::int64_t j) XGRAD_LAMBDA_INLINE { return Block(p + i * columns + j, columns); }).store(y + i);
  for (; i < n; i += width) {
    T results[width];
    const std::int64_t some = std::min<std::int64_t>(width, n - i);
    rows([&](std::int64_t j) XGRAD_LAMBDA_INLINE {
      return Block(p + i * columns + j, columns, some, columns - j);
    }).store(results);
    std::copy_n(results, planted("the last rows of a tile are reduced as many at a time as the others") ? width : some,
                y + i);
  }
}

}  // namespace
}  // namespace xgrad::fused
