// Powers are products, exponentials are series, and both keep their laws.

#include "autograd/ops/matrix_functions.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::matrix_functions_test {
namespace {

using Numbers = std::vector<double>;

Tensor random(const Shape& shape, std::uint64_t seed, DType dtype = float64) {
  Rng rng(seed);
  return cast(normal(shape, rng, 0, 1, float64), dtype);
}

bool close(const Tensor& a, const Tensor& b, double tolerance) {
  return a.shape() == b.shape() && (a.numel() == 0 || max(abs(a - b)).item() <= tolerance * (1 + max(abs(b)).item()));
}

// The power series in long double, of a matrix halved until it is small, and squared again.
Numbers exponential(Numbers elements, std::size_t n) {
  using Row = std::vector<long double>;
  using Matrix = std::vector<Row>;
  const auto product = [n](const Matrix& a, const Matrix& b) {
    Matrix c(n, Row(n));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        for (std::size_t k = 0; k < n; ++k) c[i][j] += a[i][k] * b[k][j];
    return c;
  };
  long double size = 0;
  for (const double element : elements) size = std::max(size, std::abs(static_cast<long double>(element)));
  int halvings = 0;
  for (; size * static_cast<long double>(n) > 0.5L; size /= 2) ++halvings;
  Matrix x(n, Row(n)), term = x, total = x;
  for (std::size_t i = 0; i < n * n; ++i)
    x[i / n][i % n] = std::ldexp(static_cast<long double>(elements[i]), -halvings);
  for (std::size_t i = 0; i < n; ++i) term[i][i] = total[i][i] = 1;
  for (int k = 1; k < 40; ++k) {
    term = product(term, x);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) total[i][j] += term[i][j] /= k;
  }
  for (int i = 0; i < halvings; ++i) total = product(total, total);
  for (std::size_t i = 0; i < n * n; ++i) elements[i] = static_cast<double>(total[i / n][i % n]);
  return elements;
}

}  // namespace

TEST_CASE("powers are products, of the inverse for negative exponents") {
  const Tensor x = 0.2 * random({2, 3, 3}, 1) + eye(3, {}, float64);
  Tensor expected = broadcast_to(eye(3, {}, float64), {2, 3, 3});
  for (std::int64_t n = 0; n < 12; ++n) {
    INFO(n);
    CHECK(close(matrix_power(x, n), expected, 1e-12));
    CHECK(close(matmul(matrix_power(x, -n), expected), matrix_power(x, 0), 1e-9));
    expected = matmul(expected, x);
  }
  const Tensor unit = eye(2);
  for (const std::int64_t n : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()})
    CHECK(close(matrix_power(unit, n), unit, 0));
  CHECK(matrix_power(zeros({0, 0}), 3).shape() == Shape{0, 0});
  CHECK(matrix_power(zeros({2, 2}), 0).to_vector() == Numbers{1, 0, 0, 1});
}

TEST_CASE("exponentials are the sums of their series, whatever their norms") {
  for (const std::size_t n : {1u, 2u, 3u, 6u})
    for (const double scale : {1e-12, 1e-3, 0.1, 0.5, 1.0, 3.0, 10.0}) {
      INFO(n << ' ' << scale);
      const auto size = static_cast<std::int64_t>(n);
      const Tensor x = random({size, size}, n) * scale;
      CHECK(close(matrix_exp(x), tensor(exponential(x.to_vector(), n), {size, size}, float64), 3e-14));
    }
  // Each entry of a batch as if it were alone.
  const Tensor batch = random({4, 3, 3}, 5) * tensor(Numbers{1e-6, 1, 1e-2, 20}, {4, 1, 1}, float64);
  const Tensor together = matrix_exp(batch);
  for (std::int64_t i = 0; i < 4; ++i) CHECK(close(together[i], matrix_exp(batch[i]), 0));
  const Tensor narrow = random({3, 3}, 6, float32);
  CHECK(close(matrix_exp(narrow), cast(matrix_exp(cast(narrow, float64)), float32), 0));
}

TEST_CASE("exponentials that are known") {
  CHECK(close(matrix_exp(diag(tensor({-1000.0, 0.0, 100.0}, float64))),
              diag(exp(tensor({-1000.0, 0.0, 100.0}, float64))), 1e-13));
  CHECK(matrix_exp(zeros({2, 2})).to_vector() == Numbers{1, 0, 0, 1});
  const double angle = 1000;
  const Tensor turn = tensor(Numbers{0, -angle, angle, 0}, {2, 2}, float64);
  const Tensor rotation =
      tensor(Numbers{std::cos(angle), -std::sin(angle), std::sin(angle), std::cos(angle)}, {2, 2}, float64);
  CHECK(close(matrix_exp(turn), rotation, 1e-12));
  // Far from normal: the norm is large, its powers are not.
  const Tensor steep = tensor(Numbers{1, 1e6, 0, -1}, {2, 2}, float64);
  const Numbers e = matrix_exp(steep).to_vector();
  CHECK(e[0] == Approx(std::exp(1)).epsilon(1e-14));
  CHECK(e[1] == Approx(1e6 * std::sinh(1)).epsilon(1e-14));
  CHECK(std::abs(e[2]) < 1e-20);  // a BLAS that fuses multiplications and additions leaves some 1e-23
  CHECK(e[3] == Approx(std::exp(-1)).epsilon(1e-14));
  const Tensor nilpotent = tensor(Numbers{0, 1e200, 0, 0}, {2, 2}, float64);
  CHECK(matrix_exp(nilpotent).to_vector() == Numbers{1, 1e200, 0, 1});
  CHECK(matrix_exp(zeros({0, 0})).shape() == Shape{0, 0});
  CHECK(matrix_exp(zeros({0, 2, 2})).shape() == Shape{0, 2, 2});
  CHECK(matrix_exp(tensor({{1000.0}})).item() == std::numeric_limits<double>::infinity());
}

TEST_CASE("exponentials of blocks are exponentials of whole matrices") {
  const Tensor a = random({2, 3, 3}, 1), b = random({2, 3, 3}, 2), nothing = zeros_like(a);
  const auto blocks = [](const Tensor& p, const Tensor& q, const Tensor& r, const Tensor& s) {
    return concat({concat({p, q}, -1), concat({r, s}, -1)}, -2);
  };
  const Tensor x = blocks(a, b, nothing, a), order = tensor({1, 0, 3, 2, 5, 4});
  // With its rows and columns in another order, the matrix has no blocks.
  const auto mixed = [&](const Tensor& t) { return take(take(t, order, -1), order, -2); };
  CHECK(close(mixed(matrix_exp(x)), matrix_exp(mixed(x)), 1e-13));
  for (const double scale : {1e-5, 1.0, 30.0})
    CHECK(close(matrix_exp(tensor(Numbers{scale, 2, 0, scale}, {2, 2}, float64)),
                std::exp(scale) * tensor(Numbers{1, 2, 0, 1}, {2, 2}, float64), 1e-13));
  CHECK_THAT([](const Tensor& t) { return matrix_exp(t); }, DifferentiatesCorrectly(x[0]).order(2));
}

TEST_CASE("exponentials of the largest numbers end") {
  const double most = std::numeric_limits<double>::max();
  const Tensor x = tensor(Numbers{-most, most, most, -most}, {2, 2}, float64);
  // No digit of it is known, after so many squarings: it is a number all the same, or an error.
  try {
    CHECK_FALSE(any(isnan(matrix_exp(x))).item<bool>());
  } catch (const LinalgError& error) {
    CHECK(std::string(error.what()).find("too large") != std::string::npos);
  }
  CHECK(matrix_exp(diag(tensor(Numbers{-most, 0}, {2}, float64))).to_vector() == Numbers{0, 0, 0, 1});
}

TEST_CASE("exponentials keep the laws of the exponential function") {
  const Tensor x = random({2, 4, 4}, 2), unit = broadcast_to(eye(4, {}, float64), {2, 4, 4});
  CHECK(close(matmul(matrix_exp(x), matrix_exp(-x)), unit, 1e-12));
  CHECK(close(matmul(matrix_exp(0.3 * x), matrix_exp(0.7 * x)), matrix_exp(x), 1e-13));
  CHECK(close(det(matrix_exp(x)), exp(trace(x, 0, -2, -1)), 1e-12));
  // d/dt e^(t x) = x e^(t x)
  const auto path = [&](const Tensor& t) { return matrix_exp(t * x); };
  const Tensor one = ones({}, float64);
  CHECK(close(jvp(path, one, one).second, matmul(x, matrix_exp(x)), 1e-12));
  // The derivative of the trace
  CHECK(close(grad([](const Tensor& a) { return sum(trace(matrix_exp(a), 0, -2, -1)); })(x), transpose(matrix_exp(x)),
              1e-13));
}

TEST_CASE("powers, exponentials and logarithms of determinants differentiate as their differences say") {
  const Tensor x = random({2, 3, 3}, 1);
  for (const std::int64_t n : {0, 1, 2, 5, -1, -3}) {
    INFO(n);
    CHECK_THAT([n](const Tensor& a) { return matrix_power(a, n) + 0 * a; }, DifferentiatesCorrectly(x).order(2));
  }
  CHECK_THAT([](const Tensor& a) { return matrix_exp(a); }, DifferentiatesCorrectly(x).order(3));
  CHECK_THAT([](const Tensor& a) { return matrix_exp(a); }, DifferentiatesCorrectly(3 * x[0]).order(2));
  CHECK_THAT([](const Tensor& a) { return logdet(matmul(a, transpose(a))); }, DifferentiatesCorrectly(x).order(2));
}

TEST_CASE("a cotangent of any size gives its derivative of the exponential, in proportion") {
  const Tensor x = random({3, 3}, 1), c = random({3, 3}, 2);
  const auto [y, pull] = vjp([](const Tensor& a) { return matrix_exp(a); }, x);
  const Tensor usual = pull(c);
  for (const double scale : {1e-200, 1e-10, 1e10, 1e200}) CHECK(close(pull(c * scale) / scale, usual, 1e-13));
  CHECK(close(pull(zeros_like(c)), zeros_like(c), 0));
}

TEST_CASE("the derivative of the exponential overflows only where it is too large, and is NaN for what is not finite") {
  const double inf = std::numeric_limits<double>::infinity();
  for (const DType dtype : {float32, float64}) {
    const Tensor x = track(tensor({{{0.5, 1.0}, {-1.0, 0.25}}, {{0.5, 1.0}, {-1.0, 0.25}}}, dtype));
    const double most = dtype == float32 ? 3e38 : 1.7e308;
    const auto [y, pull] = vjp([](const Tensor& t) { return matrix_exp(t); }, x);
    const Tensor usual = pull(ones_like(x)), large = pull(full_like(x, most)) / most;
    CHECK_THAT(where(isfinite(large), large, usual), AllClose(usual, dtype == float32 ? 1e-5 : 1e-13));
    CHECK(sum(cast(isfinite(large), int64)).item() == 6);
    // Of one entry of the batch alone.
    for (const double wrong : {inf, -inf, std::nan("")}) {
      const Tensor g = tensor({{{wrong, 0.0}, {0.0, 1.0}}, {{1.0, 1.0}, {1.0, 1.0}}}, dtype), got = pull(g);
      CHECK(sum(cast(isnan(got[0]), int64)).item() == 4);
      CHECK_THAT(got[1], AllClose(usual[1]));
      const Tensor first = grad(sum(matrix_exp(x) * g), x, {.create_graph = true});
      const Tensor second = grad(sum(first * first), x);
      CHECK(sum(cast(isnan(second[0]), int64)).item() == 4);
      CHECK(sum(cast(isfinite(second[1]), int64)).item() == 4);
    }
  }
}

TEST_CASE("the logarithm of a determinant that has none is NaN, of 0 it is -inf") {
  CHECK(logdet(diag(tensor({2.0, 3.0}, float64))).item() == Approx(std::log(6)));
  CHECK(std::isnan(logdet(diag(tensor({2.0, -3.0}))).item()));
  CHECK(logdet(zeros({2, 2})).item() == -std::numeric_limits<double>::infinity());
  CHECK(logdet(zeros({0, 0})).item() == 0);
  CHECK(logdet(eye(300) * 1e-1f).item() == Approx(300 * std::log(0.1)).epsilon(1e-5));
}

TEST_CASE("matrices that have no power or exponential") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  throws<ShapeError>("matrix_power: needs square matrices, got [2, 3] f32").by([&] { matrix_power(ones({2, 3}), 2); });
  throws<LinalgError>("matrix_power: solve: the matrix is singular (pivot 1)").by([&] {
    evaluate(matrix_power(ones({2, 2}), -2));
  });
  throws<ShapeError>("matrix_exp: needs square matrices, got [3] f32").by([&] { matrix_exp(ones({3})); });
  throws<DTypeError>("logdet: needs a floating dtype, got [1, 1] i64").by([&] { logdet(tensor({{1}})); });
  const Tensor bad = tensor({{1.0, nan}, {0.0, 1.0}});
  throws<LinalgError>("matrix_exp: the element [0, 1] is nan").by([&] { evaluate(matrix_exp(bad)); });
  const Tensor large = tensor({{5000.0, 1.0}, {0.0, -1.0}});
  throws<LinalgError>("matrix_exp: entry 1 of the batch: the exponential is too large for its dtype").by([&] {
    evaluate(matrix_exp(stack({eye(2), large})));
  });
}

}  // namespace xgrad::matrix_functions_test
