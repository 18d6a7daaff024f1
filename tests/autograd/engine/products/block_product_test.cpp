#include "autograd/engine/products/block_product.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "autograd/engine/cpu/instruction_set.hpp"
#include "tests/autograd/engine/pick.hpp"
#include "tests/autograd/engine/products/sums_in_order.hpp"

namespace block_product_test {

using namespace xgrad;
using fused::Block;
using fused::InstructionSet;
using fused::Products;

namespace {

struct Sizes {
  std::int64_t rows, columns, depth;
};

/// About the edges of registers, panels, groups of tiles, chains and pieces of the depth; some are deeper than what is
/// one sum, some have enough columns for A to be packed.
const std::vector<Sizes> some_sizes = {
    {1, 1, 1},      {2, 3, 4},      {6, 16, 8},     {7, 17, 9},     {14, 32, 16},   {15, 33, 31},  {5, 8, 40},
    {64, 10, 33},   {100, 50, 20},  {29, 65, 100},  {3, 70, 12},    {20, 20, 2100}, {600, 36, 5},  {4, 12, 5},
    {9, 23, 300},   {130, 19, 70},  {70, 130, 930}, {20, 260, 100}, {15, 31, 63},   {15, 31, 64},  {15, 31, 65},
    {17, 47, 127},  {17, 47, 128},  {17, 47, 129},  {40, 15, 192},  {40, 15, 193},  {13, 20, 256}, {13, 20, 257},
    {13, 17, 1023}, {13, 17, 1024}, {13, 17, 1025}, {14, 15, 1088}, {5, 6, 3071},   {5, 6, 3072},  {5, 6, 3073},
    {2, 3, 65536},  {2, 3, 65537},  {2, 3, 70000},  {70, 150, 1100}};

/// The same of products in lanes, whose rows are few.
const std::vector<Sizes> some_lanes = {
    {1, 1, 1},     {1, 1, 15},     {1, 1, 16},     {1, 1, 17},     {1, 1, 1000},   {1, 1, 1024},   {1, 1, 1025},
    {1, 1, 65536}, {1, 1, 65537},  {1, 1, 140000}, {1, 2, 33},     {1, 3, 100},    {1, 5, 31},     {1, 17, 64},
    {1, 300, 40},  {1, 513, 1030}, {1, 511, 600},  {1, 4099, 513}, {2, 8, 200},    {2, 33, 193},   {3, 5, 1023},
    {4, 4, 4097},  {5, 70, 257},   {6, 31, 192},   {7, 40, 1040},  {8, 8, 2048},   {8, 8, 66000},  {9, 15, 500},
    {10, 30, 784}, {10, 128, 256}, {11, 100, 195}, {12, 12, 1500}, {12, 65, 1024}, {12, 300, 200}, {12, 600, 1025}};

template <class T>
struct Matrices {
  static constexpr std::int64_t slack = 3;  // between rows
  std::vector<T> a, b, c, d;
  std::vector<double> totals;
  Block block{};

  Matrices(const Sizes& sizes, int layout) {
    const bool a_turned = layout & 1, b_turned = layout & 2, c_turned = layout & 4;
    const auto row = [](bool turned, std::int64_t rows, std::int64_t columns) {
      return (turned ? rows : columns) + slack;
    };
    const std::int64_t row_a = row(a_turned, sizes.rows, sizes.depth),
                       row_b = row(b_turned, sizes.depth, sizes.columns),
                       row_c = row(c_turned, sizes.rows, sizes.columns);
    std::mt19937 generator(11);
    xgrad::testing::Normal<T> normal;
    const std::int64_t size_c = (c_turned ? sizes.columns : sizes.rows) * row_c;
    for (auto [matrix, count] : {std::pair(&a, (a_turned ? sizes.depth : sizes.rows) * row_a),
                                 std::pair(&b, (b_turned ? sizes.columns : sizes.depth) * row_b), std::pair(&c, size_c),
                                 std::pair(&d, size_c)})
      for (std::int64_t i = 0; i < count; ++i) matrix->push_back(normal(generator));
    for (std::size_t i = 0; i < c.size(); ++i)
      if (static_cast<std::int64_t>(i) % row_c >= row_c - slack) d[i] = c[i];  // which nobody touches
    block = {
        sizes.rows, sizes.columns,        sizes.depth,          a.data(), a_turned ? 1 : row_a, a_turned ? row_a : 1,
        b.data(),   b_turned ? 1 : row_b, b_turned ? row_b : 1, c.data(), c_turned ? 1 : row_c, c_turned ? row_c : 1};
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

  /// What the kernel promises, to the last bit, where there is no D; what lies between the rows of C stays.
  std::vector<T> sums(bool in_lanes, bool fuses) const {
    std::vector<T> result = c;
    for (std::int64_t i = 0; i < block.rows; ++i)
      for (std::int64_t j = 0; j < block.columns; ++j) {
        const auto place = static_cast<std::size_t>(i * block.c_row + j * block.c_column);
        const auto at_a = [&](std::int64_t l) {
          return a[static_cast<std::size_t>(i * block.a_row + l * block.a_depth)];
        };
        const auto at_b = [&](std::int64_t l) {
          return b[static_cast<std::size_t>(l * block.b_depth + j * block.b_column)];
        };
        result[place] = fused::testing::sum_in_order<T>(block.depth, at_a, at_b, in_lanes, fuses);
      }
    return result;
  }
  /// The same with D.
  std::vector<T> joined(std::vector<T> sums) const {
    for (std::int64_t i = 0; i < block.rows; ++i)
      for (std::int64_t j = 0; j < block.columns; ++j) {
        const auto place = static_cast<std::size_t>(i * block.c_row + j * block.c_column);
        sums[place] = fused::testing::joined_in_order(sums[place], d[place], block.alpha, block.beta);
      }
    return sums;
  }
};

/// Those that this processor has.
std::vector<Products> runnable(DType dtype) {
  std::vector<Products> all;
  for (const InstructionSet set : {InstructionSet::generic, InstructionSet::avx2, InstructionSet::avx512})
    if (fused::has(set)) all.push_back(fused::products_of(set, dtype));
  return all;
}

alignas(64) std::byte least[fused::Scratch::least_bytes], more[fused::Scratch::more_bytes];

template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <class T>
void check_order(const std::vector<Sizes>& all_sizes, bool in_lanes) {
  const int layout = GENERATE(range(0, 8));
  const std::vector<Products> all = runnable(dtype_of<T>);
  for (const Sizes& sizes : all_sizes) {
    if (sizes.rows * sizes.columns * sizes.depth > 500000 && layout != 0 && layout != 5) continue;
    Matrices<T> matrices(sizes, layout);
    std::vector<T> before = matrices.c;
    const std::vector<T> sums[] = {matrices.sums(in_lanes, false), matrices.sums(in_lanes, true)};
    const auto check = [&](const char* added) {
      for (const Products& products : all) {
        std::vector<T> expected = sums[products.fuses];
        if (matrices.block.d != nullptr) expected = matrices.joined(expected);
        for (void* const room : {static_cast<void*>(more), static_cast<void*>(nullptr)}) {
          std::copy(before.begin(), before.end(), matrices.c.begin());
          (in_lanes ? products.lanes : products.block)(matrices.block, {least, room});
          INFO(sizes.rows << " x " << sizes.depth << " x " << sizes.columns << ", layout " << layout << added
                          << (room ? "" : ", with little memory") << ", fuses " << products.fuses);
          CHECK(same(matrices.c, expected));
        }
      }
    };
    check("");
    matrices.add(1, 0.7);
    check(", added to 0.7 d");
    matrices.add_in_place(-0.3, 1);
    before = matrices.c;
    check(", -0.3 of it added in place");
  }
}

}  // namespace

TEMPLATE_TEST_CASE("a product is the sum in its order, to the last bit, whatever the kernel and layout", "[gemm]",
                   float, double) {
  check_order<TestType>(some_sizes, false);
}

TEMPLATE_TEST_CASE("a product in lanes is the sum of its lanes, to the last bit, whatever the kernel and layout",
                   "[gemm]", float, double) {
  check_order<TestType>(some_lanes, true);
}

TEMPLATE_TEST_CASE("the totals of parts of the depth are those of the groups", "[gemm]", float, double) {
  for (const Products& products : runnable(dtype_of<TestType>))
    for (const bool in_lanes : {false, true})
      for (const Sizes& sizes : {Sizes{5, 6, 3000}, Sizes{3, 40, 70000}, Sizes{1, 1, 1030}}) {
        Matrices<TestType> matrices(sizes, 1);
        const auto product = in_lanes ? products.lanes : products.block;
        product(matrices.block, {least, more});
        const std::int64_t depth = fused::group_depth(sizes.depth), size = sizes.rows * sizes.columns;
        std::vector<double> sums(static_cast<std::size_t>(size)), totals(sums.size());
        for (std::int64_t l = 0; l < sizes.depth; l += depth) {
          Block block = matrices.block;
          block.a = matrices.a.data() + l * block.a_depth;
          block.b = matrices.b.data() + l * block.b_depth;
          block.c = nullptr;
          block.depth = std::min(depth, sizes.depth - l);
          block.totals = totals.data();
          block.totals_row = block.columns;
          product(block, {least, l == 0 ? nullptr : more});
          for (std::size_t e = 0; e < sums.size(); ++e) sums[e] = l == 0 ? totals[e] : sums[e] + totals[e];
        }
        std::int64_t wrong = 0;
        for (std::int64_t e = 0; e < size; ++e) {
          const std::int64_t place = e / sizes.columns * matrices.block.c_row + e % sizes.columns;
          if (matrices.c[static_cast<std::size_t>(place)] != static_cast<TestType>(sums[static_cast<std::size_t>(e)]))
            ++wrong;
        }
        INFO(sizes.rows << " x " << sizes.depth << " x " << sizes.columns << ", lanes " << in_lanes);
        CHECK(wrong == 0);
      }
}

TEMPLATE_TEST_CASE("NaN, infinity and the sign of nothing stay in their sums", "[gemm]", float, double) {
  using Limits = std::numeric_limits<TestType>;
  for (const Products& products : runnable(dtype_of<TestType>))
    for (const auto product : {products.block, products.lanes})
      for (const int layout : {0, 2}) {
        Matrices<TestType> matrices({9, 7, 37}, layout);
        const std::int64_t row = matrices.block.a_row;
        matrices.a[static_cast<std::size_t>(4 * row + 36)] = Limits::quiet_NaN();
        matrices.a[static_cast<std::size_t>(5 * row + 36)] = Limits::infinity();
        for (std::int64_t l = 0; l < 37; ++l) {  // fused, these come to less than there is: -0
          matrices.a[static_cast<std::size_t>(6 * row + l)] = -Limits::denorm_min();
          for (std::int64_t j = 0; j < 7; ++j) {
            const std::int64_t place = l * matrices.block.b_depth + j * matrices.block.b_column;
            TestType& b = matrices.b[static_cast<std::size_t>(place)];
            b = std::abs(b) / 8;
          }
        }
        const std::vector<TestType> expected = matrices.sums(product == products.lanes, products.fuses);
        product(matrices.block, {least, more});
        for (std::size_t i = 0; i < 9; ++i)
          for (std::size_t j = 0; j < 7; ++j) {
            const TestType value = matrices.c[i * 10 + j];
            CHECK((i == 4 ? std::isnan(value) : i == 5 ? std::isinf(value) : std::isfinite(value)));
            if (i == 6) CHECK(std::signbit(value) == std::signbit(expected[i * 10 + j]));
          }
      }
}

}  // namespace block_product_test
