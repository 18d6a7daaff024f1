// Factors multiply back, solutions solve, determinants are sums over permutations.

#include "autograd/ops/linalg.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::linalg_test {
namespace {

using Numbers = std::vector<double>;

Tensor random(const Shape& shape, std::uint64_t seed, DType dtype = float64) {
  Rng rng(seed);
  return cast(normal(shape, rng, 0, 1, float64), dtype);
}

// x x^T + 1
Tensor positive(const Tensor& x) { return matmul(x, transpose(x)) + eye(x.size(-2), {}, x.dtype()); }

bool close(const Tensor& a, const Tensor& b, double tolerance) {
  return a.shape() == b.shape() && (a.numel() == 0 || max(abs(a - b)).item() <= tolerance * (1 + max(abs(b)).item()));
}

// Over all permutations.
double determinant(const Tensor& x) {
  const Numbers a = x.to_vector();
  const auto n = static_cast<std::size_t>(x.size(0));
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  double sum = 0;
  do {
    double product = 1;
    for (std::size_t i = 0; i < n; ++i) {
      product *= a[i * n + order[i]];
      for (std::size_t j = 0; j < i; ++j)
        if (order[j] > order[i]) product = -product;
    }
    sum += product;
  } while (std::ranges::next_permutation(order).found);
  return sum;
}

}  // namespace

TEST_CASE("factors multiply back, and solutions solve") {
  for (const DType dtype : {float32, float64})
    for (const std::int64_t n : {1, 2, 3, 7, 20, 65}) {
      INFO(name(dtype) << ' ' << n);
      const double tolerance = dtype == float32 ? 2e-4 : 1e-11;
      const Tensor a = positive(random({2, n, n}, static_cast<std::uint64_t>(n), dtype)),
                   b = random({2, n, 3}, 2, dtype);
      const Tensor factor = cholesky(a);
      CHECK(close(matmul(factor, transpose(factor)), a, tolerance));
      CHECK(close(tril(factor), factor, 0));
      CHECK(close(matmul(a, cholesky_solve(b, factor)), b, tolerance));
      const Tensor general = random({2, n, n}, 5, dtype) + 3 * eye(n, {}, dtype);
      CHECK(close(matmul(general, solve(general, b)), b, tolerance * 10));
      CHECK(close(matmul(inverse(general), general), broadcast_to(eye(n, {}, dtype), {2, n, n}), tolerance * 10));
      for (const bool upper : {false, true})
        for (const bool transposed : {false, true})
          for (const bool unit : {false, true}) {
            Tensor triangle = (upper ? triu(general, 1) : tril(general, -1)) / static_cast<double>(n);
            triangle = triangle + (unit ? eye(n, {}, dtype) : 2 * eye(n, {}, dtype));
            // What is not read may be anything.
            const Tensor given = unit ? triangle - eye(n, {}, dtype) * 5 : triangle;
            const Tensor wild = given + (upper ? tril(ones_like(given), -1) : triu(ones_like(given), 1)) * 1e30;
            const Tensor y = triangular_solve(wild, b, {.upper = upper, .transposed = transposed, .unit = unit});
            CHECK(close(matmul(transposed ? transpose(triangle) : triangle, y), b, tolerance * 10));
          }
    }
}

TEST_CASE("batches broadcast, vectors stay vectors, and nothing is something") {
  const Tensor a = random({3, 1, 4, 4}, 1) + 3 * eye(4, {}, float64), b = random({2, 4, 2}, 2), v = random({4}, 3);
  CHECK(solve(a, b).shape() == Shape{3, 2, 4, 2});
  CHECK(close(matmul(a, solve(a, b)), broadcast_to(b, {3, 2, 4, 2}), 1e-11));
  CHECK(solve(a[0][0], v).shape() == Shape{4});
  CHECK(close(matmul(a[0][0], solve(a[0][0], v)), v, 1e-11));
  CHECK(triangular_solve(a, v).shape() == Shape{3, 1, 4});
  const Tensor empty = zeros({0, 0}, float64);
  CHECK(cholesky(empty).shape() == Shape{0, 0});
  CHECK(det(empty).item() == 1);
  CHECK(slogdet(empty).logarithm.item() == 0);
  CHECK(inverse(zeros({0, 3, 3})).shape() == Shape{0, 3, 3});
  CHECK(solve(a[0][0], zeros({4, 0}, float64)).shape() == Shape{4, 0});
}

TEST_CASE("determinants are sums over permutations") {
  for (const std::int64_t n : {1, 2, 3, 5, 6})
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      const Tensor a = random({n, n}, seed);
      const double expected = determinant(a);
      CHECK(det(a).item() == Approx(expected).epsilon(1e-10));
      const auto [sign, logarithm] = slogdet(a);
      CHECK(sign.item() == (expected > 0 ? 1 : -1));
      CHECK(logarithm.item() == Approx(std::log(std::abs(expected))).epsilon(1e-10).margin(1e-10));
    }
  const Tensor singular = tensor({{1.0, 2.0}, {2.0, 4.0}}, float64);
  CHECK(det(singular).item() == Approx(0).margin(1e-15));
  const Tensor zero = tensor({{0.0, 1.0}, {0.0, 2.0}}, float64);
  CHECK(slogdet(zero).sign.item() == 0);
  CHECK(slogdet(zero).logarithm.item() == -std::numeric_limits<double>::infinity());
  CHECK(det(eye(300) * 1e-1f).item() == 0);  // too small for float32
  CHECK(slogdet(eye(300) * 1e-1f).logarithm.item() == Approx(300 * std::log(0.1)).epsilon(1e-5));
}

TEST_CASE("the derivative of a determinant are the cofactors, also where it is 0") {
  const Tensor a = track(tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}, {7.0, 8.0, 9.0}}, float64));
  CHECK(close(grad(det(a), a), tensor({{-3.0, 6.0, -3.0}, {6.0, -12.0, 6.0}, {-3.0, 6.0, -3.0}}, float64), 1e-12));
  const Tensor nothing = track(zeros({2, 2}, float64));
  CHECK(grad(det(nothing), nothing).to_vector() == Numbers{0, 0, 0, 0});
  const Tensor zero = track(tensor({{0.0, 1.0}, {0.0, 2.0}}, float64));
  CHECK(close(grad(det(zero), zero), tensor({{2.0, 0.0}, {-1.0, 0.0}}, float64), 1e-12));
  CHECK_THROWS_AS(grad(slogdet(zero).logarithm, zero).item(), LinalgError);
  const Tensor first = grad(det(zero), zero, {.create_graph = true});
  CHECK_THROWS_AS(evaluate(grad(sum(square(first)), zero)), LinalgError);
}

TEST_CASE("linear algebra differentiates as its differences say") {
  const Tensor a = random({2, 3, 3}, 1) + 2 * eye(3, {}, float64), b = random({2, 3, 2}, 2);
  CHECK_THAT([](const Tensor& x) { return cholesky(positive(x)); }, DifferentiatesCorrectly(a).order(2));
  CHECK_THAT([](const Tensor& x) { return cholesky(x); }, DifferentiatesCorrectly(positive(a)).order(2));
  CHECK_THAT([](const Tensor& x, const Tensor& y) { return solve(x, y); }, DifferentiatesCorrectly({a, b}).order(2));
  CHECK_THAT([](const Tensor& x) { return inverse(x); }, DifferentiatesCorrectly(a).order(2));
  CHECK_THAT([](const Tensor& x) { return det(x); }, DifferentiatesCorrectly(a).order(2));
  CHECK_THAT([](const Tensor& x) { return slogdet(x).logarithm; }, DifferentiatesCorrectly(a).order(2));
  for (const bool upper : {false, true})
    for (const bool transposed : {false, true})
      for (const bool unit : {false, true})
        CHECK_THAT(([=](const Tensor& x, const Tensor& y) {
                     return triangular_solve(x, y, {.upper = upper, .transposed = transposed, .unit = unit});
                   }),
                   DifferentiatesCorrectly({a, b}).order(2));
  const Tensor v = random({3}, 4);
  CHECK_THAT([&](const Tensor& x) { return cholesky_solve(v, cholesky(positive(x))); },
             DifferentiatesCorrectly(a).order(2));
}

TEST_CASE("matrices that have no factors, or no inverse") {
  const Tensor a = tensor({{1.0, 2.0}, {2.0, 1.0}}), good = eye(2);
  throws<LinalgError>("cholesky: the matrix is not positive definite (pivot 1)").by([&] { cholesky(a).item(); });
  const Tensor batch = stack({good, good, a});
  throws<LinalgError>("cholesky: entry 2 of the batch: the matrix is not positive definite (pivot 1)").by([&] {
    evaluate(cholesky(batch));
  });
  const Tensor singular = tensor({{1.0, 2.0}, {2.0, 4.0}});
  throws<LinalgError>("solve: the matrix is singular (pivot 1)").by([&] { evaluate(solve(singular, ones({2}))); });
  throws<LinalgError>("inverse: solve: the matrix is singular (pivot 1)").by([&] { evaluate(inverse(singular)); });
  throws<LinalgError>("triangular_solve: the matrix is singular (pivot 0)").by([&] {
    evaluate(triangular_solve(zeros({2, 2}), ones({2})));
  });
  throws<ShapeError>("det: needs square matrices, got [2, 3] f32").by([&] { det(ones({2, 3})); });
  throws<ShapeError>("solve: the matrices are [2, 2] f32, the right sides [3] f32").by([&] { solve(good, ones({3})); });
  throws<DTypeError>("cholesky: needs a floating dtype, got [2, 2] i64").by([&] {
    cholesky(tensor({{1, 0}, {0, 1}}));
  });
  throws<DTypeError>("solve: dtypes differ: [2, 2] f32 and [2] f64").by([&] { solve(good, ones({2}, float64)); });
}

}  // namespace xgrad::linalg_test
