#include <catch2/catch.hpp>

#include "autograd/core/error.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/kernels/kernels.hpp"
#include "tests/autograd/kernels/array.hpp"

namespace matmul_test {

using namespace xgrad;
using test::Array;

namespace {

template <class T>
bool product_is_right(const Shape& batch, std::int64_t m, std::int64_t k, std::int64_t n, Rng& rng) {
  const auto with = [&batch](std::int64_t rows, std::int64_t columns) {
    std::vector<std::int64_t> sizes(batch.begin(), batch.end());
    sizes.insert(sizes.end(), {rows, columns});
    return Shape(sizes);
  };
  const Array<T> a = test::random_array<T>(with(m, k), rng), b = test::random_array<T>(with(k, n), rng);
  const Array<T> y = test::random_array<T>(with(m, n), rng);
  kernels::matmul(a.view(), b.view(), y.view());
  bool right = true;
  for (std::int64_t i = 0; i < batch.numel(); ++i)
    for (std::int64_t row = 0; row < m; ++row)
      for (std::int64_t column = 0; column < n; ++column) {
        T expected = 0;
        for (std::int64_t l = 0; l < k; ++l) expected += a[(i * m + row) * k + l] * b[(i * k + l) * n + column];
        right = right && y[(i * m + row) * n + column] == expected;
      }
  return right;
}

}  // namespace

TEMPLATE_TEST_CASE("matrix products agree with the definition", "", float, double, std::int64_t) {
  Rng rng(31);
  for (int round = 0; round < 200; ++round) {
    const auto size = [&] { return test::random_below(9, rng); };  // 0 included
    const Shape batch = rng.below(3) == 0 ? test::random_shape(rng) : Shape{};
    const std::int64_t m = size(), k = size(), n = size();
    CAPTURE(m, k, n);
    CHECK(product_is_right<TestType>(batch, m, k, n, rng));
  }
  CHECK(product_is_right<TestType>({}, 70, 90, 110, rng));
  CHECK(product_is_right<TestType>({2, 0}, 3, 4, 5, rng));
}

TEST_CASE("a product over no elements is 0") {
  const Array<float> a(Shape{2, 0}), b(Shape{0, 3}), y(Shape{2, 3}, {1, 2, 3, 4, 5, 6});
  kernels::matmul(a.view(), b.view(), y.view());
  CHECK(y.values() == std::vector<float>(6, 0));
}

TEST_CASE("there is no matrix product of bool") {
  const Array<bool> a(Shape{1, 1});
  CHECK_THROWS_AS(kernels::matmul(a.view(), a.view(), a.view()), DTypeError);
}

TEST_CASE("products of whole numbers are the same on any number of threads") {
  const int before = num_threads();
  for (const int threads : {1, 2, 3, 8}) {
    set_num_threads(threads);
    Rng rng(5);
    CHECK(product_is_right<std::int64_t>({}, 300, 20, 40, rng));
    CHECK(product_is_right<std::int64_t>({3, 2}, 50, 30, 20, rng));
    CHECK(product_is_right<std::int64_t>({700}, 1, 30, 5, rng));
  }
  set_num_threads(before);
}

}  // namespace matmul_test
