#include "autograd/engine/products/gemm.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "autograd/engine/cpu/threads.hpp"
#include "tests/autograd/engine/pick.hpp"
#include "tests/autograd/engine/products/sums_in_order.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace gemm_test {

using namespace xgrad;
using fused::Gemm;
using fused::Rectangle;
using fused::testing::Threads;

namespace {

struct Sizes {
  std::int64_t m, n, k, batch = 1;
};

/// A product with its memory: rows are `slack` elements longer than they need to be.
template <class T>
struct Product {
  Gemm gemm;
  std::vector<T> a, b, c, d;
  bool adds = false, in_place = false;

  Product(const Sizes& sizes, bool transpose_a, bool transpose_b, std::int64_t slack = 0, bool shared_b = false) {
    gemm.dtype = dtype_of<T>;
    gemm.transpose_a = transpose_a;
    gemm.transpose_b = transpose_b;
    gemm.batch = sizes.batch;
    gemm.m = sizes.m;
    gemm.n = sizes.n;
    gemm.k = sizes.k;
    gemm.row_a = (transpose_a ? sizes.m : sizes.k) + slack;
    gemm.row_b = (transpose_b ? sizes.k : sizes.n) + slack;
    gemm.row_c = sizes.n + slack;
    gemm.batch_a = (transpose_a ? sizes.k : sizes.m) * gemm.row_a;
    const std::int64_t size_b = (transpose_b ? sizes.n : sizes.k) * gemm.row_b;
    gemm.batch_b = shared_b ? 0 : size_b;
    gemm.batch_c = sizes.m * gemm.row_c;
    std::mt19937 generator(7);
    fill(a, gemm.batch_a * sizes.batch, generator);
    fill(b, shared_b ? size_b : size_b * sizes.batch, generator);
    fill(c, gemm.batch_c * sizes.batch, generator);
    fill(d, gemm.batch_c * sizes.batch, generator);
    bind();
  }
  Product(const Product& other) : Product(other, other.in_place) {}
  Product(const Product& other, bool writes_over)
      : gemm(other.gemm), a(other.a), b(other.b), c(other.c), d(other.d), adds(other.adds), in_place(writes_over) {
    if (in_place) c = d;
    bind();
  }
  void add(double alpha, double beta) {
    adds = true;
    gemm.alpha = alpha;
    gemm.beta = beta;
    bind();
  }

  /// The products in long double, and for each element the sum of the magnitudes: what rounding errors are measured by.
  void check() const {
    Product computed = *this;
    const std::vector<T> before = computed.c;
    fused::run(computed.gemm);
    std::int64_t wrong = 0;
    for (std::int64_t p = 0; p < gemm.batch; ++p)
      for (std::int64_t i = 0; i < gemm.m; ++i)
        for (std::int64_t j = 0; j < gemm.row_c; ++j) {
          const auto place = static_cast<std::size_t>(p * gemm.batch_c + i * gemm.row_c + j);
          if (j < gemm.n ? !close(computed.c[place], p, i, j, adds ? d[place] : 0) : computed.c[place] != before[place])
            ++wrong;
        }
    INFO(gemm.m << " x " << gemm.k << " x " << gemm.n << " of " << name(gemm.dtype) << ", transposed "
                << gemm.transpose_a << gemm.transpose_b << ", alpha " << gemm.alpha << ", beta " << gemm.beta
                << ", adds " << adds << ", batch " << gemm.batch);
    CHECK(wrong == 0);
  }

 private:
  static void fill(std::vector<T>& values, std::int64_t count, std::mt19937& generator) {
    xgrad::testing::Normal<T> normal;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(normal(generator));
  }
  void bind() {
    gemm.a = a.data();
    gemm.b = b.data();
    gemm.c = c.data();
    gemm.d = !adds ? nullptr : in_place ? c.data() : d.data();
  }
  bool close(T result, std::int64_t p, std::int64_t i, std::int64_t j, T added) const {
    long double sum = 0, magnitude = 0;
    for (std::int64_t l = 0; l < gemm.k; ++l) {
      const std::int64_t at = gemm.transpose_a ? l * gemm.row_a + i : i * gemm.row_a + l;
      const std::int64_t bt = gemm.transpose_b ? j * gemm.row_b + l : l * gemm.row_b + j;
      const long double term = static_cast<long double>(a[static_cast<std::size_t>(p * gemm.batch_a + at)]) *
                               b[static_cast<std::size_t>(p * gemm.batch_b + bt)];
      sum += term;
      magnitude += std::abs(term);
    }
    const long double alpha = static_cast<T>(gemm.alpha), beta = static_cast<T>(gemm.beta);
    const long double expected = alpha * sum + beta * added;
    const long double scale = std::abs(alpha) * magnitude + std::abs(beta * added);
    const long double bound = (static_cast<long double>(gemm.k) + 3) * std::numeric_limits<T>::epsilon() / 2 * scale;
    return std::abs(result - expected) <= bound;
  }
};

/// Sizes about the edges of registers, caches and blocks, and those of networks.
const std::vector<Sizes> some_sizes = {{1, 1, 1},      {1, 32, 32},     {32, 1, 32},    {2, 3, 4},     {7, 17, 5},
                                       {16, 32, 32},   {13, 31, 65},    {10, 30, 784},  {784, 30, 10}, {64, 10, 128},
                                       {128, 10, 64},  {65, 129, 100},  {33, 16, 600},  {15, 48, 257}, {3, 5, 7, 9},
                                       {8, 8, 8, 40},  {20, 33, 14, 3}, {300, 70, 110}, {300, 9, 260}, {5, 200, 333},
                                       {12, 12, 1500}, {1, 1, 2500},    {1, 70, 300},   {90, 1, 1100}, {20, 30, 2100}};

}  // namespace

TEMPLATE_TEST_CASE("a product is what its definition says, within its rounding errors", "[gemm]", float, double) {
  const bool transpose_a = GENERATE(false, true), transpose_b = GENERATE(false, true);
  for (const Sizes& sizes : some_sizes) {
    Product<TestType>(sizes, transpose_a, transpose_b).check();
    Product<TestType>(sizes, transpose_a, transpose_b, 3, true).check();
  }
}

TEMPLATE_TEST_CASE("products that are added to something", "[gemm]", float, double) {
  for (const Sizes& sizes : {Sizes{5, 7, 3}, Sizes{64, 128, 10}, Sizes{100, 40, 300}, Sizes{4, 4, 4, 6},
                             Sizes{1, 30, 40}, Sizes{30, 1, 40}, Sizes{9, 7, 0}, Sizes{9, 7, 3000}})
    for (const auto& [alpha, beta] : {std::pair(1.0, 1.0), std::pair(-0.1, 1.0), std::pair(1.0, 0.5)})
      for (const bool in_place : {false, true}) {
        Product<TestType> product(sizes, true, false, 2);
        product.add(alpha, beta);
        product.in_place = in_place;
        product.check();
      }
}

TEMPLATE_TEST_CASE("what is added has the bits of the product, a multiplication and an addition", "[gemm]", float,
                   double) {
  const bool transpose_a = GENERATE(false, true), transpose_b = GENERATE(false, true);
  for (const Sizes& sizes : some_sizes) {
    Product<TestType> product(sizes, transpose_a, transpose_b, 2), alone = product;
    fused::run(alone.gemm);
    for (const auto& [alpha, beta] : {std::pair(1.0, 1.0), std::pair(-0.1, 1.0), std::pair(1.0, 0.9)}) {
      product.add(alpha, beta);
      Product<TestType> beside(product, false), over(product, true);
      fused::run(beside.gemm);
      fused::run(over.gemm);
      std::int64_t wrong = 0;
      for (std::int64_t row = 0; row < sizes.batch * sizes.m; ++row)
        for (std::int64_t j = 0; j < sizes.n; ++j) {
          const auto place = static_cast<std::size_t>(row * product.gemm.row_c + j);
          const TestType sum = alone.c[place], d = product.d[place];
          const TestType expected = fused::testing::joined_in_order(sum, d, alpha, beta);
          if (beside.c[place] != expected || over.c[place] != expected) ++wrong;
        }
      INFO(sizes.m << " x " << sizes.k << " x " << sizes.n << ", alpha " << alpha << ", beta " << beta);
      CHECK(wrong == 0);
    }
  }
}

TEMPLATE_TEST_CASE("what was there does not matter", "[gemm]", float, double) {
  for (const Sizes& sizes : {Sizes{5, 7, 3}, Sizes{5, 7, 0}, Sizes{300, 20, 600}}) {
    Product<TestType> product(sizes, false, false);
    std::fill(product.c.begin(), product.c.end(), std::numeric_limits<TestType>::quiet_NaN());
    product.check();
  }
}

TEMPLATE_TEST_CASE("products without elements", "[gemm]", float, double) {
  for (const Sizes& sizes : {Sizes{0, 5, 3}, Sizes{5, 0, 3}, Sizes{0, 0, 0}, Sizes{5, 4, 3, 0}}) {
    Product<TestType> product(sizes, false, false, 1);
    const std::vector<TestType> before = product.c;
    fused::run(product.gemm, [](const Rectangle&) { FAIL("there is no part"); });
    CHECK(product.c == before);
  }
  Product<TestType>({5, 4, 0}, true, false).check();
}

TEST_CASE("NaN and infinity reach the results they belong to", "[gemm]") {
  Product<float> product({20, 40, 30}, false, false);
  product.a[5 * 30 + 3] = std::numeric_limits<float>::quiet_NaN();
  product.a[7 * 30 + 3] = std::numeric_limits<float>::infinity();
  fused::run(product.gemm);
  for (std::size_t i = 0; i < 20; ++i)
    for (std::size_t j = 0; j < 40; ++j) {
      const float value = product.c[i * 40 + j];
      CHECK((i == 5 ? std::isnan(value) : i == 7 ? std::isinf(value) : std::isfinite(value)));
    }
}

TEMPLATE_TEST_CASE("the result does not depend on the number of threads", "[gemm][threads]", float, double) {
  const Threads restore;
  const bool transpose_a = GENERATE(false, true), transpose_b = GENERATE(false, true);
  const std::vector<Sizes> sizes = {{64, 128, 784}, {784, 128, 64},  {256, 128, 300}, {64, 512, 512},  {512, 300, 64},
                                    {10, 30, 784},  {31, 700, 200},  {8, 16, 50, 33}, {4000, 10, 600}, {7, 3000, 400},
                                    {2000, 1, 300}, {1, 2000, 2000}, {1, 1, 40000},   {8, 8, 20000},   {20, 14, 5000}};
  for (const Sizes& size : sizes) {
    Product<TestType> product(size, transpose_a, transpose_b);
    product.add(1, 0.5);
    set_num_threads(1);
    Product<TestType> alone(product, true);
    fused::run(alone.gemm);
    for (const int threads : {2, 3, 4, 8}) {
      set_num_threads(threads);
      Product<TestType> together(product, true);
      fused::run(together.gemm);
      INFO(size.m << " x " << size.k << " x " << size.n << " on " << threads << " threads");
      CHECK(std::memcmp(alone.c.data(), together.c.data(), alone.c.size() * sizeof(TestType)) == 0);
    }
  }
}

TEST_CASE("every element is handed on once, when it is finished", "[gemm][threads]") {
  const Threads restore;
  set_num_threads(GENERATE(1, 3));
  const int threads = GENERATE(1, 3);  // that the parts are made for
  const bool transpose_a = GENERATE(false, true), transpose_b = GENERATE(false, true);
  for (const Sizes& size : {Sizes{64, 128, 784}, Sizes{784, 128, 64}, Sizes{256, 300, 300}, Sizes{1, 32, 32},
                            Sizes{10, 30, 784}, Sizes{31, 700, 400}, Sizes{8, 16, 50, 33}, Sizes{300, 600, 50, 3}}) {
    const Product<float> product(size, transpose_a, transpose_b);
    Product<float> expected = product, result = product;
    fused::run(expected.gemm);
    for (float& value : expected.c) value += 1;
    const std::int64_t rows = size.batch * size.m;
    std::vector<std::atomic<int>> calls(static_cast<std::size_t>(rows * size.n));
    std::atomic<std::int64_t> parts = 0;
    const fused::Division division = fused::division(result.gemm, threads);
    std::atomic<bool> larger = false;
    fused::run(
        result.gemm,
        [&](const Rectangle& part) {
          ++parts;
          if (part.rows > division.rows || part.columns > division.columns) larger = true;
          for (std::int64_t row = part.row; row < part.row + part.rows; ++row)
            for (std::int64_t column = part.column; column < part.column + part.columns; ++column) {
              const auto place = static_cast<std::size_t>(row * size.n + column);
              ++calls[place];
              result.c[place] += 1;
            }
        },
        threads);
    INFO(size.m << " x " << size.k << " x " << size.n << ", batch " << size.batch);
    CHECK(std::all_of(calls.begin(), calls.end(), [](const auto& count) { return count == 1; }));
    CHECK(result.c == expected.c);
    CHECK(division.parts == parts);
    CHECK(division.rows * division.columns * parts >= rows * size.n);
    CHECK_FALSE(larger);
  }
}

}  // namespace gemm_test
