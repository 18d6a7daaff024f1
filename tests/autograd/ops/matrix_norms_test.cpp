// Norms of matrices against their definitions, and what rounding must not decide.

#include "autograd/ops/matrix_norms.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::matrix_norms_test {
namespace {

using Numbers = std::vector<double>;
constexpr double inf = std::numeric_limits<double>::infinity();

Tensor random(const Shape& shape, std::uint64_t seed, DType dtype = float64) {
  Rng rng(seed);
  return cast(normal(shape, rng, 0, 1, float64), dtype);
}

bool close(const Tensor& a, const Tensor& b, double tolerance) {
  return a.shape() == b.shape() && (a.numel() == 0 || max(abs(a - b)).item() <= tolerance * (1 + max(abs(b)).item()));
}

// Of a matrix of two rows and two columns, by its invariants: s^2 + t^2 and s t.
struct TwoByTwo {
  double largest, least;
  TwoByTwo(double a, double b, double c, double d) {
    const double squares = a * a + b * b + c * c + d * d, product = std::abs(a * d - b * c);
    const double sum = std::sqrt(squares + 2 * product), difference = std::sqrt(squares - 2 * product);
    largest = (sum + difference) / 2;
    least = (sum - difference) / 2;
  }
};

}  // namespace

TEST_CASE("norms of matrices are what they are defined to be") {
  const Numbers a{1, -2, 3.5, 4};
  const Tensor x = tensor(a, {2, 2}, float64);
  const TwoByTwo values(a[0], a[1], a[2], a[3]);
  CHECK(matrix_norm(x).item() == Approx(std::sqrt(1 + 4 + 3.5 * 3.5 + 16)));
  CHECK(matrix_norm(x, MatrixNorm::nuclear).item() == Approx(values.largest + values.least));
  CHECK(matrix_norm(x, 2).item() == Approx(values.largest));
  CHECK(matrix_norm(x, -2).item() == Approx(values.least));
  CHECK(matrix_norm(x, 1).item() == 6);
  CHECK(matrix_norm(x, -1).item() == 4.5);
  CHECK(matrix_norm(x, inf).item() == 7.5);
  CHECK(matrix_norm(x, -inf).item() == 3);
  CHECK(cond(x).item() == Approx(values.largest / values.least));
  CHECK(cond(x, -2).item() == Approx(values.least / values.largest));
  CHECK(cond(x, 1).item() == Approx(6 * matrix_norm(inverse(x), 1).item()));
  CHECK(cond(x, MatrixNorm::frobenius).item() == Approx(values.largest / values.least + values.least / values.largest));
  const Tensor batch = random({2, 1, 3, 4}, 1);
  CHECK(matrix_norm(batch, 2).shape() == Shape{2, 1});
  CHECK(matrix_norm(batch, inf, keep_dims).shape() == Shape{2, 1, 1, 1});
  CHECK(matrix_norm(batch, keep_dims).shape() == Shape{2, 1, 1, 1});
  CHECK(close(matrix_norm(batch), norm(batch, {-2, -1}), 0));
}

TEST_CASE("norms of matrices differentiate as their differences say") {
  for (const Shape& shape : {Shape{2, 3, 2}, Shape{2, 4}, Shape{3, 3}, Shape{1, 1}}) {
    INFO(shape);
    const Tensor x = random(shape, 2);
    for (const double p : {1.0, -1.0, 2.0, -2.0, inf, -inf})
      CHECK_THAT([p](const Tensor& a) { return matrix_norm(a, p); }, DifferentiatesCorrectly(x).order(2));
    for (const MatrixNorm named : {MatrixNorm::frobenius, MatrixNorm::nuclear})
      CHECK_THAT([named](const Tensor& a) { return matrix_norm(a, named); }, DifferentiatesCorrectly(x).order(2));
    CHECK_THAT([](const Tensor& a) { return cond(a); }, DifferentiatesCorrectly(x).order(2));
  }
  CHECK_THAT([](const Tensor& a) { return cond(a, inf); }, DifferentiatesCorrectly(random({3, 3}, 3)).order(2));
}

TEST_CASE("singular values that are 0 have no part in derivatives") {
  const Tensor nothing = zeros({2, 3}, float64);
  for (const MatrixNormOrder& order : {MatrixNormOrder(MatrixNorm::nuclear), MatrixNormOrder(2), MatrixNormOrder(-2),
                                       MatrixNormOrder(MatrixNorm::frobenius), MatrixNormOrder(1)})
    CHECK(close(grad([&](const Tensor& a) { return matrix_norm(a, order); })(nothing), nothing, 0));
  // Of rank 1, s u v^T: the derivative is u v^T, whatever vectors are added to them.
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const Tensor u = random({4, 1}, seed), v = random({1, 3}, seed + 10), x = matmul(u, v);
    const Tensor expected = x / (norm(u) * norm(v));
    CHECK(close(grad([](const Tensor& a) { return matrix_norm(a, MatrixNorm::nuclear); })(x), expected, 1e-13));
    CHECK(close(grad([](const Tensor& a) { return matrix_norm(a, 2); })(x), expected, 1e-13));
    CHECK(close(grad([](const Tensor& a) { return matrix_norm(a, -2); })(x), zeros_like(x), 0));
  }
}

TEST_CASE("a singular matrix has no finite condition") {
  const Tensor singular = diag(tensor({2.0, 0.0}, float64));
  CHECK(cond(singular).item() == inf);
  CHECK(cond(singular, -2).item() == 0);
  CHECK(cond(zeros({2, 2})).item() == inf);
  CHECK(close(grad([](const Tensor& a) { return cond(a); })(singular), zeros({2, 2}, float64), 0));
  throws<LinalgError>("cond: solve: the matrix is singular (pivot 1)").by([&] { evaluate(cond(singular, 1)); });
}

TEST_CASE("the rank counts singular values") {
  for (const std::int64_t rank : {0, 1, 2, 3})
    for (const DType dtype : {float32, float64}) {
      const Tensor x = matmul(random({2, 5, rank}, 1, dtype), random({2, rank, 3}, 2, dtype));
      CHECK(matrix_rank(x).dtype() == int64);
      CHECK(matrix_rank(x).to_vector<std::int64_t>() == std::vector<std::int64_t>{rank, rank});
    }
  const Tensor graded = diag(tensor({1.0, 0.1, 1e-3}, float64));
  CHECK(matrix_rank(graded, 0.01).item() == 2);
  CHECK(matrix_rank(zeros({0, 3})).item() == 0);
  CHECK_FALSE(matrix_rank(track(graded)).tracked());
}

TEST_CASE("norms of nothing, and norms that there are not") {
  const Tensor x = ones({2, 2}), empty = zeros({0, 3});
  CHECK(matrix_norm(empty).item() == 0);
  CHECK(matrix_norm(empty, MatrixNorm::nuclear).item() == 0);
  CHECK(matrix_norm(zeros({0, 2, 2}), 2).shape() == Shape{0});
  throws<ValueError>("matrix_norm: [0, 3] f32 has no rows or columns").by([&] { matrix_norm(empty, 2); });
  throws<ValueError>("matrix_norm: there is no 3-norm here").by([&] { matrix_norm(x, 3); });
  throws<ValueError>("matrix_norm: there is no 0-norm here").by([&] { matrix_norm(x, 0); });
  throws<ShapeError>("matrix_norm: needs matrices, got [3] f32").by([&] { matrix_norm(ones({3})); });
  throws<DTypeError>("matrix_rank: needs a floating dtype, got [1, 1] i64").by([&] { matrix_rank(tensor({{1}})); });
  throws<ValueError>("matrix_rank: rtol is -1").by([&] { matrix_rank(x, -1); });
}

}  // namespace xgrad::matrix_norms_test
