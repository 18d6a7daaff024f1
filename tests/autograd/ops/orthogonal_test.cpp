// Orthonormal factors, least squares and pseudo-inverses are what their equations say.

#include "autograd/ops/orthogonal.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::orthogonal_test {
namespace {

Tensor random(const Shape& shape, std::uint64_t seed, DType dtype = float64) {
  Rng rng(seed);
  return cast(normal(shape, rng, 0, 1, float64), dtype);
}

bool close(const Tensor& a, const Tensor& b, double tolerance) {
  return a.shape() == b.shape() && (a.numel() == 0 || max(abs(a - b)).item() <= tolerance * (1 + max(abs(b)).item()));
}

bool orthonormal_columns(const Tensor& x, double tolerance) {
  const Tensor product = matmul(transpose(x), x);
  return close(product, broadcast_to(eye(x.size(-1), {}, x.dtype()), product.shape()), tolerance);
}

}  // namespace

TEST_CASE("orthogonal and triangular factors multiply back") {
  for (const DType dtype : {float32, float64})
    for (const Shape& shape : {Shape{1, 1}, Shape{2, 3, 3}, Shape{5, 2}, Shape{2, 2, 5}, Shape{1, 4}, Shape{40, 33}})
      for (const QrMode mode : {QrMode::reduced, QrMode::complete}) {
        INFO(name(dtype) << ' ' << shape << (mode == QrMode::complete ? " complete" : " reduced"));
        const double tolerance = dtype == float32 ? 2e-5 : 1e-13;
        const Tensor x = random(shape, 3, dtype);
        const auto [q, r] = qr(x, mode);
        CHECK(q.size(-1) == (mode == QrMode::complete ? x.size(-2) : std::min(x.size(-2), x.size(-1))));
        CHECK(r.size(-2) == q.size(-1));
        CHECK(close(matmul(q, r), x, tolerance));
        CHECK(orthonormal_columns(q, tolerance));
        CHECK(close(triu(r), r, 0));
        CHECK(min(diagonal(r, 0, -2, -1)).item() > 0);
      }
}

TEST_CASE("the triangular factor is that of Cholesky, and dependent columns have one, too") {
  const Tensor x = random({6, 4}, 1);
  CHECK(close(qr(x).r, transpose(cholesky(matmul(transpose(x), x))), 1e-12));
  const Tensor dependent = concat({x, 2 * slice(x, 1, 0, 1)}, 1);
  const auto [q, r] = qr(dependent);
  CHECK(close(matmul(q, r), dependent, 1e-13));
  CHECK(orthonormal_columns(q, 1e-13));
  CHECK(close(qr(zeros({3, 2}, float64)).r, zeros({2, 2}, float64), 0));
}

TEST_CASE("least squares leave a rest that is orthogonal to the columns, and the shortest solution") {
  for (const DType dtype : {float32, float64}) {
    const double tolerance = dtype == float32 ? 1e-5 : 1e-13;
    const Tensor tall = random({2, 6, 3}, 1, dtype), b = random({6, 2}, 2, dtype);
    const Tensor x = lstsq(tall, b);
    CHECK(x.shape() == Shape{2, 3, 2});
    CHECK(max(abs(matmul(transpose(tall), matmul(tall, x) - b))).item() < tolerance * 10);
    const Tensor wide = random({3, 6}, 3, dtype), v = random({3}, 4, dtype);
    const Tensor shortest = lstsq(wide, v);
    CHECK(shortest.shape() == Shape{6});
    CHECK(close(matmul(wide, shortest), v, tolerance));
    // It has no part that the rows do not reach.
    const Tensor along = solve(matmul(wide, transpose(wide)), matmul(wide, shortest));
    CHECK(close(matmul(transpose(wide), along), shortest, tolerance * 10));
    const Tensor square = random({4, 4}, 5, dtype), c = random({4}, 6, dtype);
    CHECK(close(lstsq(square, c), solve(square, c), tolerance * 100));
  }
}

TEST_CASE("a pseudo-inverse satisfies the equations of Penrose, whatever the rank") {
  for (const std::int64_t rank : {0, 1, 2, 3})
    for (const Shape& shape : {Shape{3, 3}, Shape{5, 3}, Shape{3, 4}}) {
      INFO(rank << ' ' << shape);
      const Tensor x = matmul(random({2, shape[0], rank}, 1), random({2, rank, shape[1]}, 2)), y = pinv(x);
      CHECK(y.shape() == Shape{2, shape[1], shape[0]});
      CHECK(close(matmul(matmul(x, y), x), x, 1e-12));
      CHECK(close(matmul(matmul(y, x), y), y, 1e-12));
      CHECK(close(transpose(matmul(x, y)), matmul(x, y), 1e-12));
      CHECK(close(transpose(matmul(y, x)), matmul(y, x), 1e-12));
    }
  const Tensor x = random({4, 4}, 3, float32);
  CHECK(close(pinv(x), inverse(x), 1e-4));
  // What is small is 0 if one says so.
  const Tensor graded = diag(tensor({1.0, 0.1, 1e-3}, float64));
  CHECK(close(pinv(graded, 0.01), diag(tensor({1.0, 10.0, 0.0}, float64)), 1e-14));
  CHECK(pinv(eye(2, {}, float64) * 1e-310).to_vector() == std::vector<double>{0, 0, 0, 0});  // no NaN
  CHECK(close(pinv(graded, 0), diag(tensor({1.0, 10.0, 1e3}, float64)), 1e-14));
}

TEST_CASE("orthogonal factors, least squares and pseudo-inverses differentiate as their differences say") {
  for (const Shape& shape : {Shape{2, 4, 3}, Shape{3, 3}, Shape{3, 5}, Shape{1, 1}}) {
    INFO(shape);
    const Tensor x = random(shape, 1);
    CHECK_THAT([](const Tensor& a) { return qr(a).q; }, DifferentiatesCorrectly(x).order(2));
    CHECK_THAT([](const Tensor& a) { return qr(a).r; }, DifferentiatesCorrectly(x).order(2));
    CHECK_THAT([](const Tensor& a) { return pinv(a); }, DifferentiatesCorrectly(x).order(2));
    const Tensor b = random({x.size(-2), 2}, 2);
    CHECK_THAT([](const Tensor& a, const Tensor& c) { return lstsq(a, c); }, DifferentiatesCorrectly({x, b}).order(2));
  }
  CHECK_THAT([](const Tensor& a) { return qr(a, QrMode::complete).q; },
             DifferentiatesCorrectly(random({3, 4}, 1)).order(2));
  // Along matrices of one rank, where singular values are equal, too.
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return pinv(matmul(a, b)); },
             DifferentiatesCorrectly({random({4, 2}, 1), random({2, 3}, 2)}).order(2));
  CHECK_THAT([](const Tensor& a) { return pinv(a); }, DifferentiatesCorrectly(eye(3, {}, float64)).order(2));
}

TEST_CASE("dependent columns have no derivative, and no unique solution") {
  const Tensor dependent = tensor({{1.0, 2.0}, {2.0, 4.0}, {3.0, 6.0}}, float64), good = random({3, 2}, 1);
  const auto gradient = [](const Tensor& x, auto f) { evaluate(grad([&](const Tensor& a) { return sum(f(a)); })(x)); };
  CHECK_THROWS_WITH(gradient(stack({good, dependent}), [](const Tensor& a) { return qr(a).q; }),
                    Catch::StartsWith("qr: triangular_solve: entry 1 of the batch: the matrix is singular (pivot 1)"));
  throws<LinalgError>("lstsq: triangular_solve: the matrix is singular (pivot 1)").by([&] {
    evaluate(lstsq(dependent, ones({3}, float64)));
  });
  const Tensor rows = transpose(dependent) * 0.1;  // whose rows are dependent up to rounding
  throws<LinalgError>("lstsq: triangular_solve: the matrix is singular (pivot 1)").by([&] {
    evaluate(lstsq(rows, ones({2}, float64)));
  });
  CHECK(close(matmul(pinv(dependent), ones({3, 1}, float64)), tensor({{6.0 / 70}, {12.0 / 70}}, float64), 1e-14));
  CHECK_THROWS_WITH(gradient(good, [](const Tensor& a) { return qr(a, QrMode::complete).q; }),
                    Catch::StartsWith("qr: of 3 orthonormal columns only 2, those that span the columns of [3, 2] f64, "
                                      "have a derivative"));
}

TEST_CASE("columns that are dependent up to rounding are dependent") {
  for (const DType dtype : {float32, float64})
    for (const Shape& shape : {Shape{2, 1}, Shape{5, 2}, Shape{30, 10}, Shape{200, 3}})
      for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        INFO(name(dtype) << ' ' << shape << ' ' << seed);
        const Tensor x = random(shape, seed, dtype), last = matmul(x, random({shape[1], 1}, seed + 100, dtype));
        const Tensor dependent = concat({x, last}, -1), b = random({shape[0]}, seed, dtype);
        CHECK_THROWS_AS(evaluate(lstsq(dependent, b)), LinalgError);
        CHECK_THROWS_AS(evaluate(grad([](const Tensor& a) { return sum(qr(a).q); })(dependent)), LinalgError);
        // Columns of very different lengths are not.
        const Tensor scales = pow(1e-3, cast(arange(shape[1]), dtype));
        const Tensor solution = lstsq(x * scales, b) * scales, usual = lstsq(x, b);
        CHECK(max(abs(solution - usual)).item() <= (dtype == float32 ? 1e-3 : 1e-11) * max(abs(usual)).item());
      }
}

TEST_CASE("factors of nothing are empty, and the complete ones are unit matrices") {
  const auto gradient = [](const Tensor& x, auto f) { return grad([&](const Tensor& a) { return sum(f(a)); })(x); };
  for (const Shape& shape : {Shape{0, 0}, Shape{3, 0}, Shape{0, 3}, Shape{0, 3, 2}, Shape{2, 0, 3}}) {
    INFO(shape);
    const Tensor x = zeros(shape, float64);
    const auto [q, r] = qr(x);
    evaluate(q, r);
    CHECK(q.size(-1) == std::min(x.size(-1), x.size(-2)));
    CHECK(gradient(x, [](const Tensor& a) { return qr(a).q; }).shape() == shape);
    CHECK(gradient(x, [](const Tensor& a) { return qr(a).r; }).shape() == shape);
    CHECK(gradient(x, [](const Tensor& a) { return pinv(a); }).shape() == shape);
    CHECK(orthonormal_columns(qr(x, QrMode::complete).q, 0));
    CHECK(lstsq(x, zeros({x.size(-2), 2}, float64)).size(-2) == x.size(-1));
  }
  CHECK(close(lstsq(zeros({0, 3}, float64), zeros({0}, float64)), zeros({3}, float64), 0));
}

TEST_CASE("arguments of which there are no factors") {
  const Tensor good = ones({3, 2});
  throws<ShapeError>("qr: needs matrices, got [3] f32").by([&] { qr(ones({3})); });
  throws<DTypeError>("qr: needs a floating dtype, got [1, 2] i64").by([&] { qr(tensor({{1, 2}})); });
  throws<ShapeError>("lstsq: the matrices are [3, 2] f32, the right sides [2] f32").by([&] { lstsq(good, ones({2})); });
  throws<DTypeError>("lstsq: dtypes differ: [3, 2] f32 and [3] f64").by([&] { lstsq(good, ones({3}, float64)); });
  throws<ValueError>("pinv: rtol is -1").by([&] { pinv(good, -1); });
  throws<ValueError>("pinv: rtol is nan").by([&] { pinv(good, std::numeric_limits<double>::quiet_NaN()); });
  throws<LinalgError>("pinv: the element [0, 0] is inf").by([&] { evaluate(pinv(good / 0)); });
  throws<LinalgError>("qr: the element [0, 0] is inf").by([&] { evaluate(qr(good / 0).r); });
}

}  // namespace xgrad::orthogonal_test
