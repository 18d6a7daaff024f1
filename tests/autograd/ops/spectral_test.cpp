// Decompositions multiply back; derivatives exist where the matrix determines what is asked, and are an error
// elsewhere.

#include "autograd/ops/spectral.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::spectral_test {
namespace {

using Numbers = std::vector<double>;

Tensor random(const Shape& shape, std::uint64_t seed, DType dtype = float64) {
  Rng rng(seed);
  return cast(normal(shape, rng, 0, 1, float64), dtype);
}

bool close(const Tensor& a, const Tensor& b, double tolerance) {
  return a.shape() == b.shape() && (a.numel() == 0 || max(abs(a - b)).item() <= tolerance * (1 + max(abs(b)).item()));
}

Tensor symmetric(const Tensor& x) { return 0.5 * (x + transpose(x)); }
Tensor diagonal_matrix(const Numbers& numbers) { return diag(tensor(numbers, float64)); }
Tensor multiplied(const Tensor& left, const Tensor& values, const Tensor& right) {
  return matmul(left * unsqueeze(values, -2), right);
}
bool orthonormal_columns(const Tensor& x, double tolerance) {
  const Tensor product = matmul(transpose(x), x);
  return close(product, broadcast_to(eye(x.size(-1), {}, x.dtype()), product.shape()), tolerance);
}

// The orthogonal matrix of an angle.
Tensor rotation(double angle) {
  return tensor(Numbers{std::cos(angle), -std::sin(angle), std::sin(angle), std::cos(angle)}, {2, 2}, float64);
}

int occurrences(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("eigenpairs multiply back, in ascending order") {
  for (const DType dtype : {float32, float64})
    for (const std::int64_t n : {1, 2, 3, 7, 20, 65}) {
      INFO(name(dtype) << ' ' << n);
      const double tolerance = dtype == float32 ? 2e-5 : 1e-13;
      const Tensor x = random({2, n, n}, static_cast<std::uint64_t>(n), dtype);
      const auto [values, vectors] = eigh(x);
      CHECK(values.shape() == Shape{2, n});
      CHECK(close(multiplied(vectors, values, transpose(vectors)), symmetric(x), tolerance));
      CHECK(orthonormal_columns(vectors, tolerance));
      CHECK(close(sort(values).values, values, 0));
      CHECK(close(eigvalsh(x), values, 0));
      CHECK(close(sum(values, -1), trace(x, 0, -2, -1), tolerance * 10));
    }
}

TEST_CASE("the eigenpairs of a chain are sines") {
  const std::int64_t n = 12;
  Numbers chain(144);
  for (std::size_t i = 0; i < 12; ++i) {
    chain[i * 13] = 2;
    if (i > 0) chain[i * 13 - 1] = chain[i * 13 - 12] = -1;
  }
  const auto [values, vectors] = eigh(tensor(chain, {n, n}, float64));
  const Numbers w = values.to_vector(), v = vectors.to_vector();
  for (std::size_t k = 1; k <= 12; ++k) {
    const double angle = std::numbers::pi * static_cast<double>(k) / 13;
    CHECK(w[k - 1] == Approx(2 - 2 * std::cos(angle)).epsilon(1e-13));
    const double sign = v[k - 1] > 0 ? 1 : -1;
    for (std::size_t i = 0; i < 12; ++i)
      CHECK(sign * v[i * 12 + k - 1] ==
            Approx(std::sqrt(2.0 / 13) * std::sin(angle * static_cast<double>(i + 1))).margin(1e-13));
  }
}

TEST_CASE("singular factors multiply back, in descending order") {
  for (const DType dtype : {float32, float64})
    for (const Shape& shape : {Shape{1, 1}, Shape{2, 3, 3}, Shape{5, 2}, Shape{2, 5}, Shape{2, 1, 4}, Shape{40, 33}}) {
      INFO(name(dtype) << ' ' << shape);
      const double tolerance = dtype == float32 ? 2e-5 : 1e-13;
      const Tensor x = random(shape, 7, dtype);
      const auto [u, s, vh] = svd(x);
      CHECK(close(multiplied(u, s, vh), x, tolerance));
      CHECK(orthonormal_columns(u, tolerance));
      CHECK(orthonormal_columns(transpose(vh), tolerance));
      CHECK(close(sort(s, -1, true).values, s, 0));
      CHECK(min(s).item() >= 0);
      CHECK(close(svdvals(x), s, 0));
      CHECK(close(square(s), slice(flip(eigvalsh(matmul(transpose(x), x)), -1), -1, 0, s.size(-1)), 10 * tolerance));
      const auto [wide_u, same, wide_vh] = svd(x, {.full_matrices = true});
      CHECK(wide_u.size(-1) == x.size(-2));
      CHECK(wide_vh.size(-2) == x.size(-1));
      CHECK(orthonormal_columns(wide_u, tolerance));
      CHECK(orthonormal_columns(transpose(wide_vh), tolerance));
      CHECK(close(slice(wide_u, -1, 0, s.size(-1)), u, 0));
    }
}

TEST_CASE("of the largest components of a vector, the first is positive") {
  const Numbers swapped = eigh(tensor({{0.0, 1.0}, {1.0, 0.0}}, float64)).vectors.to_vector();
  const double half = std::sqrt(0.5);
  CHECK(swapped[0] == Approx(half));
  CHECK(swapped[1] == Approx(half));
  CHECK(swapped[2] == Approx(-half));
  CHECK(swapped[3] == Approx(half));
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Tensor x = random({6, 4}, seed);
    for (const Tensor& vectors : {eigh(matmul(x, transpose(x))).vectors, svd(x).u}) {
      const Tensor largest = max(abs(vectors), 0, keep_dims);
      // Those that are almost the largest come alone here, so it is the largest that is positive, or one before it.
      const Tensor leading = argmax(abs(vectors) >= 0.9 * largest, 0);
      CHECK(min(gather(vectors, 0, unsqueeze(leading, 0))).item() > 0);
    }
    // The negative matrix has the same u, and the other v.
    CHECK(close(svd(-x).u, svd(x).u, 1e-12));
    CHECK(close(svd(-x).vh, -svd(x).vh, 1e-12));
  }
}

TEST_CASE("LAPACK runs once for values, vectors and their derivatives") {
  const Tensor x = track(random({4, 4}, 1));
  const auto [values, vectors] = eigh(x);
  const Tensor gradient = grad(sum(square(values)) + sum(vectors), x, {.create_graph = true});
  CHECK(occurrences(print_tape(gradient), " = eigh(") == 1);
  const Tensor y = track(random({4, 3}, 1));
  const auto [u, s, vh] = svd(y);
  CHECK(occurrences(print_tape(grad(sum(s) + sum(u) + sum(vh), y, {.create_graph = true})), " = svd(") == 1);
}

TEST_CASE("eigenpairs and singular factors differentiate as their differences say") {
  const Tensor x = random({2, 4, 4}, 1);
  CHECK_THAT([](const Tensor& a) { return eigvalsh(a); }, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([](const Tensor& a) { return eigh(a).vectors; }, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([](const Tensor& a) { return eigh(a, {1, 3}).vectors; }, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([](const Tensor& a) { return eigvalsh(a, {.begin = -1}); }, DifferentiatesCorrectly(x[0]).order(3));
  for (const Shape& shape : {Shape{2, 4, 3}, Shape{3, 4}, Shape{3, 3}, Shape{5, 1}}) {
    const Tensor y = random(shape, 1);
    INFO(shape);
    CHECK_THAT([](const Tensor& a) { return svdvals(a); }, DifferentiatesCorrectly(y).order(2));
    CHECK_THAT([](const Tensor& a) { return svd(a).u; }, DifferentiatesCorrectly(y).order(2));
    CHECK_THAT([](const Tensor& a) { return svd(a).vh; }, DifferentiatesCorrectly(y).order(2));
    CHECK_THAT([](const Tensor& a) { return svd(a, {.chosen = {0, 1}}).u; }, DifferentiatesCorrectly(y).order(2));
    CHECK_THAT([](const Tensor& a) { return svd(a, {.chosen = {-1}}).vh; }, DifferentiatesCorrectly(y).order(2));
  }
  // A matrix of one singular value 0 is no exception, where its vectors lie in spaces of one dimension.
  const Tensor singular = tensor({{1.0, 2.0}, {2.0, 4.0}}, float64);
  CHECK_THAT([](const Tensor& a) { return square(svd(a).u); }, DifferentiatesCorrectly(singular).order(2));
}

TEST_CASE("chosen values and vectors are those of all, and batches are mapped") {
  const Tensor x = random({5, 4, 4}, 3);
  const auto [values, vectors] = eigh(x);
  const Spectrum spectra[] = {{0, 2}, {.begin = -2}, {1, -1}, {3, 2}, {-9, 9}};
  for (const Spectrum& chosen : spectra) {
    const auto part = eigh(x, chosen);
    CHECK(close(part.values, slice(values, -1, chosen.begin, chosen.end), 0));
    CHECK(close(part.vectors, slice(vectors, -1, chosen.begin, chosen.end), 0));
    CHECK(close(svdvals(x, chosen), slice(svdvals(x), -1, chosen.begin, chosen.end), 0));
  }
  const auto f = [](const Tensor& a) {
    const auto [u, s, vh] = svd(a);
    return sum(u * vh) + sum(eigh(a).vectors) + sum(square(s));
  };
  const Tensor gradients = vmap(grad(f), 0)(x);
  for (std::int64_t i = 0; i < 5; ++i) CHECK(close(gradients[i], grad(f)(x[i]), 1e-11));
}

TEST_CASE("functions of the values alone have derivatives where values are equal") {
  const auto gradient = [](const Tensor& x, auto f) { return grad([&](const Tensor& a) { return sum(f(a)); })(x); };
  const Tensor unit = eye(3, {}, float64), twice = diagonal_matrix({2, 5, 2});
  for (const Tensor& x : {unit, twice, zeros({3, 3}, float64)})
    CHECK(close(gradient(x, [](const Tensor& a) { return eigvalsh(a); }), unit, 1e-14));
  CHECK(close(gradient(twice, [](const Tensor& a) { return square(eigvalsh(a)); }), 2 * twice, 1e-14));
  CHECK(close(gradient(twice, [](const Tensor& a) { return log(eigvalsh(a)); }), inverse(twice), 1e-14));
  // One of two equal values: the square of a unit vector of their space.
  const Tensor first = gradient(twice, [](const Tensor& a) { return eigvalsh(a, {0, 1}); });
  CHECK(close(matmul(first, first), first, 1e-14));
  CHECK(trace(first).item() == Approx(1));
  const Tensor q = rotation(0.3);
  CHECK(close(gradient(q, [](const Tensor& a) { return svdvals(a); }), q, 1e-14));
  CHECK(close(gradient(q, [](const Tensor& a) { return square(svdvals(a)); }), 2 * q, 1e-14));
  // Forward, too.
  const Tensor along = random({3, 3}, 4);
  CHECK(close(jvp([](const Tensor& a) { return sum(square(eigvalsh(a))); }, twice, along).second,
              2 * sum(twice * along), 1e-13));
  const Tensor tangent = jvp([](const Tensor& a) { return eigvalsh(a); }, unit, along).second;
  CHECK(close(tangent, diagonal(along), 1e-14));
}

TEST_CASE("what is asked of simple values does not mind that others are equal") {
  const Tensor x = diagonal_matrix({1, 1, 3}) + 0.1 * ones({3, 3}, float64);  // eigenvalues 1, 1 + ..., 3 + ...
  const Tensor twice = diagonal_matrix({1, 1, 3, 1});
  CHECK_THAT([](const Tensor& a) { return eigvalsh(a, {.begin = -1}); }, DifferentiatesCorrectly(twice).order(2));
  CHECK_THAT([](const Tensor& a) { return eigh(a, {.begin = -1}).vectors; }, DifferentiatesCorrectly(twice));
  CHECK_THAT([](const Tensor& a) { return eigh(a).vectors; }, DifferentiatesCorrectly(x + diagonal_matrix({0, 1, 0})));
  const Tensor low = matmul(random({5, 1}, 1), random({1, 4}, 2));  // of rank 1
  CHECK_THAT([](const Tensor& a) { return svd(a, {.chosen = {0, 1}}).vh; }, DifferentiatesCorrectly(low));
  CHECK_THAT([](const Tensor& a) { return svd(a, {.chosen = {0, 1}}).u; }, DifferentiatesCorrectly(low));
  CHECK_THAT([](const Tensor& a) { return svdvals(a, {0, 1}); }, DifferentiatesCorrectly(low).order(2));
}

TEST_CASE("vectors of equal values have no derivative, nor have values a second one") {
  const auto gradient = [](const Tensor& x, auto f) {
    return [=] { evaluate(grad([&](const Tensor& a) { return sum(f(a)); })(x)); };
  };
  const auto vectors = [](const Tensor& a) { return eigh(a).vectors; };
  const Tensor unit = eye(2, {}, float64), good = diagonal_matrix({1, 2}), equal = diagonal_matrix({3, 1, 3});
  CHECK_THROWS_WITH(gradient(equal, vectors)(),
                    Catch::StartsWith("eigh: the eigenvalues 1 and 2 are equal, and their vectors have no derivative"));
  CHECK_THROWS_WITH(gradient(stack({good, good, unit}), vectors)(),
                    Catch::StartsWith("eigh: entry 2 of the batch: the eigenvalues 0 and 1 are equal"));
  // Even where the function happens to be one of the matrix: its derivative depends on how the values part.
  CHECK_THROWS_AS(gradient(zeros({2, 2}, float64),
                           [](const Tensor& a) {
                             const auto [w, v] = eigh(a);
                             return multiplied(v, w, transpose(v));
                           })(),
                  LinalgError);
  const auto hessian_of = [](const Tensor& x, auto f) {
    return [=] { evaluate(hvp([&](const Tensor& a) { return sum(f(a)); }, x, ones_like(x))); };
  };
  const auto squares = [](const Tensor& a) { return square(eigvalsh(a)); };
  CHECK_THROWS_AS(hessian_of(unit, squares)(), LinalgError);
  CHECK_THROWS_AS(hessian_of(zeros({2, 2}, float64), squares)(), LinalgError);
  CHECK_THROWS_WITH(gradient(rotation(1), [](const Tensor& a) { return svd(a).u; })(),
                    Catch::StartsWith("svd: the singular values 0 and 1 are equal"));
  const Tensor low = tensor({{1.0, 2.0}, {2.0, 4.0}, {3.0, 6.0}}, float64);
  CHECK_THROWS_WITH(gradient(low, [](const Tensor& a) { return svd(a).u; })(),
                    Catch::StartsWith("svd: the singular value 1 is 0, and its vectors have no derivative"));
  CHECK_THROWS_AS(gradient(random({3, 2}, 1), [](const Tensor& a) { return svd(a, {.full_matrices = true}).u; })(),
                  LinalgError);
}

TEST_CASE("what rounding leaves between equal values is no distance") {
  for (const DType dtype : {float32, float64})
    for (const std::int64_t n : {2, 3, 8, 24})
      for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        INFO(name(dtype) << ' ' << n << ' ' << seed);
        const Tensor q = qr(random({n, n}, seed)).q, p = qr(random({n, n}, seed + 100)).q;
        const Tensor values = concat({2 * ones({2}, float64), cast(arange(n - 2), float64) + 3});  // the first two
        const Tensor x = cast(multiplied(q, values, transpose(q)), dtype), y = cast(multiplied(q, values, p), dtype);
        CHECK_THROWS_AS(evaluate(grad([](const Tensor& a) { return sum(eigh(a).vectors); })(x)), LinalgError);
        CHECK_THROWS_AS(evaluate(grad([](const Tensor& a) { return sum(svd(a).u); })(y)), LinalgError);
        // The others are simple.
        const Spectrum rest{.begin = 2};
        evaluate(grad([&](const Tensor& a) { return sum(eigh(a, rest).vectors); })(x));
      }
}

TEST_CASE("near values have large derivatives, to the digits that there are") {
  // Of diag(0, d), turned by the perturbation e beside it: the vectors turn by e / d.
  for (const double d : {1e-3, 1e-8, 1e-150}) {
    const Tensor x = diagonal_matrix({0, d}), along = tensor({{0.0, 1.0}, {1.0, 0.0}}, float64);
    const Tensor tangent = jvp([](const Tensor& a) { return eigh(a).vectors; }, x, along).second;
    CHECK(close(tangent * d, tensor({{0.0, 1.0}, {-1.0, 0.0}}, float64), 1e-14));
  }
}

TEST_CASE("decompositions of nothing are empty, and of extremes finite") {
  const auto gradient = [](const Tensor& x, auto f) { return grad([&](const Tensor& a) { return sum(f(a)); })(x); };
  for (const Shape& shape : {Shape{0, 0}, Shape{0, 3, 3}}) {
    const Tensor x = zeros(shape, float64);
    CHECK(eigh(x).vectors.shape() == shape);
    CHECK(gradient(x, [](const Tensor& a) { return eigh(a).vectors; }).shape() == shape);
    CHECK(gradient(x, [](const Tensor& a) { return eigvalsh(a); }).shape() == shape);
    evaluate(eigh(x).vectors, eigh(x).values);
  }
  for (const Shape& shape : {Shape{0, 0}, Shape{0, 3}, Shape{3, 0}, Shape{0, 2, 3}, Shape{2, 0, 3}}) {
    const Tensor x = zeros(shape, float64);
    const auto [u, s, vh] = svd(x);
    evaluate(u, s, vh);
    CHECK(s.size(-1) == std::min(x.size(-1), x.size(-2)));
    CHECK(gradient(x, [](const Tensor& a) { return svd(a).u; }).shape() == shape);
    CHECK(gradient(x, [](const Tensor& a) { return svdvals(a); }).shape() == shape);
    CHECK(svd(x, {.full_matrices = true}).u.size(-1) == x.size(-2));
  }
  CHECK(orthonormal_columns(svd(zeros({3, 0}, float64), {.full_matrices = true}).u, 0));
  CHECK(eigvalsh(tensor({{-4.0}}, float64)).to_vector() == Numbers{-4});
  CHECK(svd(tensor({{-4.0}}, float64)).vh.item() == -1);
  CHECK(eigh(zeros({2, 2})).values.to_vector() == Numbers{0, 0});
  const Tensor x = symmetric(random({3, 3}, 5));
  for (const double scale : {1e-300, 1e-150, 1e150, 1e300}) {
    CHECK(close(eigvalsh(x * scale) / scale, eigvalsh(x), 1e-13));
    CHECK(close(svdvals(x * scale) / scale, svdvals(x), 1e-13));
    CHECK(close(eigh(x * scale).vectors, eigh(x).vectors, 1e-12));
  }
}

TEST_CASE("differences of subnormal numbers have no reciprocal: an error, and no NaN") {
  const Tensor x = diagonal_matrix({1e-310, 5e-310});
  CHECK_THROWS_AS(evaluate(grad([](const Tensor& a) { return sum(eigh(a).vectors); })(x)), LinalgError);
  CHECK(grad([](const Tensor& a) { return sum(eigvalsh(a)); })(x).to_vector() == Numbers{1, 0, 0, 1});
}

TEST_CASE("checkpoints, Hessians and products with them agree") {
  const Tensor x = random({2, 3, 3}, 1);
  const auto f = [](const Tensor& a) {
    const auto [values, vectors] = eigh(a);
    const auto [u, s, vh] = svd(a);
    return sum(square(values)) + sum(vectors) + sum(u * vh) + sum(s);
  };
  const auto again = [&](const Tensor& a) { return checkpoint(f, a); };
  CHECK(grad(f)(x).to_vector() == grad(again)(x).to_vector());
  const Tensor along = random({2, 3, 3}, 2), product = hvp(f, x, along);
  CHECK(close(hvp(again, x, along), product, 1e-12));
  CHECK(close(sum(hessian(f)(x) * along, {3, 4, 5}), product, 1e-12));
}

TEST_CASE("matrices that have no decomposition, and arguments that make no sense") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor bad = tensor({{1.0, 2.0}, {nan, 1.0}}, float64), good = eye(2, {}, float64);
  throws<LinalgError>("eigh: the element [1, 0] is nan").by([&] { evaluate(eigh(bad).values); });
  throws<LinalgError>("svd: entry 1 of the batch: the element [1, 0] is nan").by([&] {
    evaluate(svd(stack({good, bad})).u);
  });
  throws<LinalgError>("svdvals: svd: the element [0, 0] is -inf").by([&] { evaluate(svdvals(-good / 0)); });
  throws<ShapeError>("eigh: needs square matrices, got [2, 3] f32").by([&] { eigh(ones({2, 3})); });
  throws<ShapeError>("svd: needs matrices, got [3] f32").by([&] { svd(ones({3})); });
  throws<DTypeError>("eigvalsh: needs a floating dtype, got [2, 2] i64").by([&] {
    eigvalsh(tensor({{1, 0}, {0, 1}}));
  });
  throws<ValueError>("svd: full_matrices of 1 of 2 singular values").by([&] {
    svd(good, {.full_matrices = true, .chosen = {0, 1}});
  });
}

}  // namespace xgrad::spectral_test
