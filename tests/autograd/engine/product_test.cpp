#include "autograd/engine/product.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

using namespace xgrad;
using fused::Block;

namespace {

struct Sizes {
  std::int64_t rows, columns, depth;
};

/// About the edges of registers and panels; the last but one is deeper than what is summed up at a time.
const std::vector<Sizes> some_sizes = {{1, 1, 1},    {2, 3, 4},      {6, 16, 8},   {7, 17, 9},    {14, 32, 16},
                                       {15, 33, 31}, {5, 8, 40},     {64, 10, 33}, {100, 50, 20}, {29, 65, 100},
                                       {3, 70, 12},  {20, 20, 2100}, {600, 36, 5}};

template <class T>
struct Matrices {
  std::vector<T> a, b, c;
  Block block{};

  Matrices(const Sizes& sizes, int layout) {
    std::mt19937 generator(11);
    std::normal_distribution<T> normal;
    for (auto [matrix, count] : {std::pair(&a, sizes.rows * sizes.depth), std::pair(&b, sizes.depth * sizes.columns),
                                 std::pair(&c, sizes.rows * sizes.columns)})
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
             c_turned ? sizes.rows : 1,
             1,
             0};
  }

  /// What the kernel promises, to the last bit: sums by fused multiply-add, 1024 terms at a time.
  std::vector<T> expected() const {
    std::vector<T> result = c;
    const T alpha = static_cast<T>(block.alpha);
    for (std::int64_t i = 0; i < block.rows; ++i)
      for (std::int64_t j = 0; j < block.columns; ++j) {
        T& place = result[static_cast<std::size_t>(i * block.c_row + j * block.c_column)];
        for (std::int64_t first = 0; first < block.depth; first += 1024) {
          T sum = 0;
          for (std::int64_t l = first; l < std::min(first + 1024, block.depth); ++l)
            sum = std::fma(a[static_cast<std::size_t>(i * block.a_row + l * block.a_depth)],
                           b[static_cast<std::size_t>(l * block.b_depth + j * block.b_column)], sum);
          const T beta = first == 0 ? static_cast<T>(block.beta) : T{1};
          place = beta == 0 ? alpha * sum : std::fma(beta, place, alpha * sum);
        }
      }
    return result;
  }
};

/// Those that this processor can run.
std::vector<fused::BlockProduct> kernels(DType dtype) {
  std::vector<fused::BlockProduct> all;
  const fused::BlockProduct best = fused::block_product(dtype);
  if (best == nullptr) return all;
  all.push_back(best);
  if (best == fused::avx512_product(dtype)) all.push_back(fused::avx2_product(dtype));
  return all;
}

}  // namespace

TEMPLATE_TEST_CASE("a block product is the sum in its order, to the last bit, whatever the kernel and layout", "[gemm]",
                   float, double) {
  alignas(64) static std::byte scratch[fused::block_scratch];
  const int layout = GENERATE(range(0, 8));
  for (const fused::BlockProduct kernel : kernels(dtype_of<TestType>))
    for (const Sizes& sizes : some_sizes)
      for (const auto& [alpha, beta] : {std::pair(1.0, 0.0), std::pair(-0.3, 1.0), std::pair(2.0, 0.7)}) {
        Matrices<TestType> matrices(sizes, layout);
        matrices.block.alpha = alpha;
        matrices.block.beta = beta;
        const std::vector<TestType> expected = matrices.expected();
        kernel(matrices.block, scratch);
        INFO(sizes.rows << " x " << sizes.depth << " x " << sizes.columns << ", layout " << layout << ", alpha "
                        << alpha << ", beta " << beta);
        CHECK(matrices.c == expected);
      }
}
