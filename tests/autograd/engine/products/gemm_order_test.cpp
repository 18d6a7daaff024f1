// The bits of matrix products: the same whichever way they are computed, and few of them wrong.

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "autograd/engine/interpreter/tile_functions.hpp"
#include "autograd/engine/products/block_product.hpp"
#include "autograd/engine/products/gemm.hpp"
#include "tests/autograd/engine/pick.hpp"
#include "tests/autograd/engine/products/sums_in_order.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace gemm_order_test {

using namespace xgrad;
using fused::Gemm;
using fused::testing::Threads;

namespace {

template <class T>
using Values = std::vector<T>;

template <class T>
Values<T> random_values(std::int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  Values<T> values(static_cast<std::size_t>(count));
  for (T& value : values) value = xgrad::testing::uniform<T>(generator, -1, 1);
  return values;
}

/// A matrix in memory, perhaps turned, with some elements between its rows.
template <class T>
struct Laid {
  Values<T> memory;
  std::int64_t row;

  Laid(const Values<T>& values, std::int64_t rows, std::int64_t columns, bool turned, std::int64_t slack)
      : row((turned ? rows : columns) + slack) {
    memory.resize(static_cast<std::size_t>((turned ? columns : rows) * row), 77);
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j)
        memory[static_cast<std::size_t>(turned ? j * row + i : i * row + j)] =
            values[static_cast<std::size_t>(i * columns + j)];
  }
  Values<T> values(std::int64_t rows, std::int64_t columns, bool turned) const {
    Values<T> all;
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j)
        all.push_back(memory[static_cast<std::size_t>(turned ? j * row + i : i * row + j)]);
    return all;
  }
};

/// One product of the same numbers, to be computed in different ways.
template <class T>
struct Numbers {
  std::int64_t m, n, k;
  Values<T> a, b, d;
  double alpha = 1, beta = 0;  // 0: nothing is added

  Numbers(std::int64_t rows, std::int64_t columns, std::int64_t depth)
      : m(rows),
        n(columns),
        k(depth),
        a(random_values<T>(m * k, 1)),
        b(random_values<T>(k * n, 2)),
        d(random_values<T>(m * n, 3)) {}

  Values<T> in_order() const {
    const bool fuses = fused::products_of(fused::instruction_set(), dtype_of<T>).fuses;
    Values<T> c;
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        const T sum = fused::testing::sum_in_order<T>(
            k, [&](std::int64_t l) { return a[static_cast<std::size_t>(i * k + l)]; },
            [&](std::int64_t l) { return b[static_cast<std::size_t>(l * n + j)]; }, fused::adds_in_lanes(m, n, k),
            fuses);
        c.push_back(beta == 0 ? sum : fused::testing::joined_in_order(sum, d[c.size()], alpha, beta));
      }
    return c;
  }

  /// As C, or as C' = B' A'.
  Values<T> computed(bool transpose_a, bool transpose_b, bool swapped, std::int64_t slack) const {
    const Laid<T> left(a, m, k, transpose_a, slack), right(b, k, n, transpose_b, slack);
    Laid<T> result(beta == 0 ? Values<T>(static_cast<std::size_t>(m * n)) : d, m, n, swapped, slack);
    Gemm gemm;
    gemm.dtype = dtype_of<T>;
    gemm.m = swapped ? n : m;
    gemm.n = swapped ? m : n;
    gemm.k = k;
    gemm.transpose_a = swapped ? !transpose_b : transpose_a;
    gemm.transpose_b = swapped ? !transpose_a : transpose_b;
    gemm.a = (swapped ? right : left).memory.data();
    gemm.b = (swapped ? left : right).memory.data();
    gemm.row_a = (swapped ? right : left).row;
    gemm.row_b = (swapped ? left : right).row;
    gemm.row_c = result.row;
    gemm.c = result.memory.data();
    gemm.d = beta == 0 ? nullptr : gemm.c;
    gemm.alpha = alpha;
    gemm.beta = beta == 0 ? 1 : beta;
    fused::run(gemm);
    return result.values(m, n, swapped);
  }

  void check_all_ways(const Values<T>& expected, std::int64_t slack) const {
    for (const bool transpose_a : {false, true})
      for (const bool transpose_b : {false, true})
        for (const bool swapped : {false, true}) {
          const Values<T> result = computed(transpose_a, transpose_b, swapped, slack);
          if (std::memcmp(result.data(), expected.data(), expected.size() * sizeof(T)) == 0) continue;
          FAIL_CHECK(m << " x " << k << " x " << n << " of " << name(dtype_of<T>) << ", transposed " << transpose_a
                       << transpose_b << ", swapped " << swapped << ", " << slack << " between rows, alpha " << alpha
                       << ", beta " << beta);
        }
  }
};

}  // namespace

TEMPLATE_TEST_CASE("the bits of a product follow from its sizes and numbers alone", "[gemm]", float, double) {
  const Threads one(1);
  const std::int64_t sizes[] = {1, 2, 3, 5, 8, 12, 13, 16, 17, 31, 33, 64, 100};
  std::int64_t turn = 0;
  for (const std::int64_t m : sizes)
    for (const std::int64_t n : sizes)
      for (const std::int64_t k : sizes) {
        Numbers<TestType> numbers(m, n, k);
        ++turn;
        if (turn % 3 == 1) numbers.alpha = -0.3, numbers.beta = 1;
        if (turn % 3 == 2) numbers.beta = 0.7;
        numbers.check_all_ways(numbers.in_order(), turn % 2 == 0 ? 3 : 0);
      }
  CHECK(turn == 13 * 13 * 13);
}

TEMPLATE_TEST_CASE("the bits of a deep product follow from its sizes and numbers alone", "[gemm]", float, double) {
  const Threads threads(GENERATE(1, 2, 3, 7));
  const std::int64_t depths[] = {63,   65,   127,  128,  129,  191,  192,  193, 1023,
                                 1024, 1025, 1087, 1089, 2048, 2049, 4095, 4097};
  std::int64_t turn = 0;
  for (const auto& [m, n] : {std::pair(1, 1), std::pair(1, 7), std::pair(40, 1), std::pair(3, 5), std::pair(12, 35),
                             std::pair(13, 12), std::pair(13, 13), std::pair(40, 13)})
    for (const std::int64_t k : depths) {
      Numbers<TestType> numbers(m, n, k);
      ++turn;
      if (turn % 3 == 1) numbers.alpha = -0.3, numbers.beta = 1;
      if (turn % 3 == 2) numbers.beta = 0.7;
      numbers.check_all_ways(numbers.in_order(), turn % 2 == 0 ? 3 : 0);
    }
  CHECK(turn == 8 * 17);
}

TEMPLATE_TEST_CASE("the bits of a very deep product do not depend on its cuts", "[gemm][threads]", float, double) {
  for (const auto& [m, n, k] : {std::tuple(1, 1, 65536), std::tuple(1, 1, 300000), std::tuple(3, 2, 140000),
                                std::tuple(8, 8, 66000), std::tuple(13, 14, 66000), std::tuple(1, 20, 65537)}) {
    Numbers<TestType> numbers(m, n, k);
    numbers.alpha = 0.1;
    numbers.beta = 1;
    const auto expected = numbers.in_order();
    for (const int count : {1, 2, 7}) {
      const Threads threads(count);
      numbers.check_all_ways(expected, count == 2 ? 1 : 0);
    }
  }
}

namespace {

/// [m, k] times [k, n] of matrices that lie in one vector each, so that it needs no more memory: a step of the depth is
/// `step` elements, a row or column one. The error of the last element.
double deep_error(std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t step_a, std::int64_t step_b,
                  const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> c(static_cast<std::size_t>(m * n));
  Gemm gemm;
  gemm.m = m;
  gemm.n = n;
  gemm.k = k;
  gemm.transpose_a = step_a > 1;
  gemm.transpose_b = step_b == 1;
  gemm.row_a = gemm.transpose_a ? step_a : 1;
  gemm.row_b = gemm.transpose_b ? 1 : step_b;
  gemm.row_c = n;
  gemm.a = a.data();
  gemm.b = b.data();
  gemm.c = c.data();
  fused::run(gemm);
  double exact = 0;
  for (std::int64_t l = 0; l < k; ++l)
    exact += static_cast<double>(a[static_cast<std::size_t>(l * step_a + m - 1)]) *
             static_cast<double>(b[static_cast<std::size_t>(l * step_b + n - 1)]);
  return std::abs(static_cast<double>(c.back()) - exact) / exact;
}

}  // namespace

TEST_CASE("float32 sums of ten million products are right to a millionth, whatever the shape", "[gemm]") {
  constexpr std::int64_t k = 10'000'000;
  const Threads restore;
  set_num_threads(2);
  std::vector<float> ones(2 * k + 20, 1.0F), tenths(2 * k + 20, 0.1F), positive(2 * k + 20);
  std::uint32_t state = 1;
  for (float& value : positive) {
    state = state * 1664525 + 1013904223;
    value = static_cast<float>(state >> 8) * 0x1p-24F;
  }
  for (const auto& [m, n] : {std::pair(1, 1), std::pair(1, 5), std::pair(5, 1), std::pair(8, 8)})
    for (const std::int64_t step_a : {1, 2})
      for (const std::int64_t step_b : {1, 2}) {
        INFO(m << " x " << n << ", steps " << step_a << " and " << step_b);
        CHECK(deep_error(m, n, k, step_a, step_b, tenths, tenths) < 1e-6);
        if (step_a > step_b) CHECK(deep_error(m, n, k, step_a, step_b, positive, positive) < 1e-6);
        if (m * n == 1) CHECK(deep_error(m, n, k, step_a, step_b, ones, tenths) < 1e-6);
        if (m * n < 64 && step_a < step_b) CHECK(deep_error(m, n, k, step_a, step_b, ones, ones) == 0);
      }
  CHECK(deep_error(13, 14, k / 10, 14, 15, tenths, tenths) < 1e-6);
}

}  // namespace gemm_order_test
