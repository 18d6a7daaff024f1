#include "autograd/engine/product.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "autograd/engine/instruction_set.hpp"
#include "tests/skip.hpp"

using namespace xgrad;
using fused::Block;

namespace {

struct Sizes {
  std::int64_t rows, columns, depth;
};

/// About the edges of registers, panels, groups of tiles and pieces of the depth; some are deeper than what is summed
/// up at a time, some have enough columns for A to be packed.
const std::vector<Sizes> some_sizes = {{1, 1, 1},     {2, 3, 4},       {6, 16, 8},    {7, 17, 9},    {14, 32, 16},
                                       {15, 33, 31},  {5, 8, 40},      {64, 10, 33},  {100, 50, 20}, {29, 65, 100},
                                       {3, 70, 12},   {20, 20, 2100},  {600, 36, 5},  {4, 12, 5},    {9, 23, 300},
                                       {130, 19, 70}, {70, 130, 1030}, {20, 260, 100}};

template <class T>
struct Matrices {
  std::vector<T> a, b, c, d;
  Block block{};

  Matrices(const Sizes& sizes, int layout) {
    std::mt19937 generator(11);
    std::normal_distribution<T> normal;
    for (auto [matrix, count] : {std::pair(&a, sizes.rows * sizes.depth), std::pair(&b, sizes.depth * sizes.columns),
                                 std::pair(&c, sizes.rows * sizes.columns), std::pair(&d, sizes.rows * sizes.columns)})
      for (std::int64_t i = 0; i < count; ++i) matrix->push_back(normal(generator));
    const bool a_turned = layout & 1, b_turned = layout & 2, c_turned = layout & 4;
    block = {sizes.rows,
             sizes.columns,
             sizes.depth,
             a.data(),
             a_turned ? 1 : sizes.depth,
             a_turned ? sizes.rows : 1,
             b.data(),
             b_turned ? 1 : sizes.columns,
             b_turned ? sizes.depth : 1,
             c.data(),
             c_turned ? 1 : sizes.columns,
             c_turned ? sizes.rows : 1};
  }
  void add(double alpha, double beta) {
    block.d = d.data();
    block.alpha = alpha;
    block.beta = beta;
  }
  void add_in_place(double alpha, double beta) {
    add(alpha, beta);
    c = d;
    block.d = c.data();
  }
  T added(T sum, std::size_t place) const {
    if (block.d == nullptr) return sum;
    return block.beta == 1 ? std::fma(static_cast<T>(block.alpha), sum, d[place])
                           : std::fma(static_cast<T>(block.beta), d[place], sum);
  }

  /// What the kernel promises, to the last bit: sums by fused multiply-add, 1024 terms at a time, then what is added.
  std::vector<T> expected() const {
    std::vector<T> result = c;
    for (std::int64_t i = 0; i < block.rows; ++i)
      for (std::int64_t j = 0; j < block.columns; ++j) {
        const auto place = static_cast<std::size_t>(i * block.c_row + j * block.c_column);
        T total = 0;
        for (std::int64_t first = 0; first < block.depth; first += 1024) {
          T sum = 0;
          for (std::int64_t l = first; l < std::min(first + 1024, block.depth); ++l)
            sum = std::fma(a[static_cast<std::size_t>(i * block.a_row + l * block.a_depth)],
                           b[static_cast<std::size_t>(l * block.b_depth + j * block.b_column)], sum);
          total = first == 0 ? sum : total + sum;
        }
        result[place] = added(total, place);
      }
    return result;
  }

  /// The same of block_dots: sums in lanes, of which one half is added to the other until there is one.
  std::vector<T> expected_dots() const {
    constexpr std::size_t lanes = 64 / sizeof(T);
    std::vector<T> result = c;
    for (std::int64_t i = 0; i < block.rows; ++i)
      for (std::int64_t j = 0; j < block.columns; ++j) {
        std::array<T, lanes> sums{};
        for (std::int64_t l = 0; l < block.depth; ++l) {
          T& sum = sums[static_cast<std::size_t>(l) % lanes];
          sum = std::fma(a[static_cast<std::size_t>(i * block.a_row + l)],
                         b[static_cast<std::size_t>(j * block.b_column + l)], sum);
        }
        for (std::size_t half = lanes / 2; half > 0; half /= 2)
          for (std::size_t l = 0; l < half; ++l) sums[l] += sums[l + half];
        const auto place = static_cast<std::size_t>(i * block.c_row + j * block.c_column);
        result[place] = added(sums[0], place);
      }
    return result;
  }
};

/// Those that this processor can run; skips the test if there are none.
std::vector<fused::BlockProduct> runnable(fused::BlockProduct avx2, fused::BlockProduct avx512) {
  std::vector<fused::BlockProduct> all;
  if (fused::has(fused::InstructionSet::avx2)) all.push_back(avx2);
  if (fused::has(fused::InstructionSet::avx512)) all.push_back(avx512);
  if (all.empty()) skip("there are no kernels for this processor");
  return all;
}

}  // namespace

TEMPLATE_TEST_CASE("a block product is the sum in its order, to the last bit, whatever the kernel and layout", "[gemm]",
                   float, double) {
  alignas(64) static std::byte least[fused::Scratch::least_bytes], more[fused::Scratch::more_bytes];
  const int layout = GENERATE(range(0, 8));
  const auto kernels = runnable(fused::avx2_product(dtype_of<TestType>), fused::avx512_product(dtype_of<TestType>));
  for (const Sizes& sizes : some_sizes)
    for (const auto& [alpha, beta] : {std::pair(1.0, 0.0), std::pair(-0.3, 1.0), std::pair(1.0, 0.7)}) {
      Matrices<TestType> matrices(sizes, layout);
      const bool adds = beta != 0 && sizes.depth <= fused::deepest_sum;
      if (adds && alpha == 1) matrices.add(alpha, beta);
      if (adds && alpha != 1) matrices.add_in_place(alpha, beta);
      const std::vector<TestType> expected = matrices.expected(), before = matrices.c;
      for (const auto kernel : kernels)
        for (void* const room : {static_cast<void*>(more), static_cast<void*>(nullptr)}) {
          std::copy(before.begin(), before.end(), matrices.c.begin());
          kernel(matrices.block, {least, room});
          INFO(sizes.rows << " x " << sizes.depth << " x " << sizes.columns << ", layout " << layout << ", alpha "
                          << alpha << ", beta " << beta << (room ? "" : ", with little memory"));
          CHECK(matrices.c == expected);
        }
    }
}

TEMPLATE_TEST_CASE("a product of dots is the sum of its lanes, to the last bit, whatever the kernel", "[gemm]", float,
                   double) {
  const int layout = GENERATE(2, 6);  // both matrices along the depth; C one way or the other
  for (const auto kernel : runnable(fused::avx2_dots(dtype_of<TestType>), fused::avx512_dots(dtype_of<TestType>)))
    for (const Sizes& sizes : some_sizes)
      for (const auto& [alpha, beta] : {std::pair(1.0, 0.0), std::pair(-0.3, 1.0), std::pair(1.0, 0.7)}) {
        Matrices<TestType> matrices(sizes, layout);
        if (beta != 0) matrices.add(alpha, beta);
        const std::vector<TestType> expected = matrices.expected_dots();
        kernel(matrices.block, {});
        INFO(sizes.rows << " x " << sizes.depth << " x " << sizes.columns << ", layout " << layout << ", alpha "
                        << alpha << ", beta " << beta);
        CHECK(matrices.c == expected);
      }
}

TEMPLATE_TEST_CASE("NaN and infinity stay in their dots", "[gemm]", float, double) {
  using Limits = std::numeric_limits<TestType>;
  for (const auto kernel : runnable(fused::avx2_dots(dtype_of<TestType>), fused::avx512_dots(dtype_of<TestType>))) {
    Matrices<TestType> matrices({9, 7, 37}, 2);
    matrices.a[4 * 37 + 36] = Limits::quiet_NaN();
    matrices.a[5 * 37 + 36] = Limits::infinity();
    kernel(matrices.block, {});
    for (std::size_t i = 0; i < 9; ++i)
      for (std::size_t j = 0; j < 7; ++j) {
        const TestType value = matrices.c[i * 7 + j];
        CHECK((i == 4 ? std::isnan(value) : i == 5 ? std::isinf(value) : std::isfinite(value)));
      }
  }
}
