// Distances against plain loops, and their derivatives where they are 0.

#include "autograd/ops/distances.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::distances_test {
namespace {

using Numbers = std::vector<double>;
constexpr double inf = std::numeric_limits<double>::infinity();

Tensor random(const Shape& shape, std::uint64_t seed, DType dtype = float64) {
  Rng rng(seed);
  return cast(normal(shape, rng, 0, 1, float64), dtype);
}

double distance(const double* x, const double* y, std::size_t size, double p) {
  double result = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const double part = std::abs(x[i] - y[i]);
    result = p == inf ? std::max(result, part) : result + (p == 0 ? part != 0 : std::pow(part, p));
  }
  return p == inf || p == 0 ? result : std::pow(result, 1 / p);
}

}  // namespace

TEST_CASE("distances are the norms of differences") {
  for (const DType dtype : {float32, float64})
    for (const double p : {0.0, 0.5, 1.0, 1.5, 2.0, 3.0, inf}) {
      INFO(name(dtype) << ' ' << p);
      const Tensor x = random({2, 1, 3, 4}, 1, dtype), y = random({3, 5, 4}, 2, dtype);
      const Tensor distances = cdist(x, y, p);
      REQUIRE(distances.shape() == Shape{2, 3, 3, 5});
      const Numbers a = x.to_vector(), b = y.to_vector(), got = distances.to_vector();
      for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < 3; ++j)
          for (std::size_t k = 0; k < 3; ++k)
            for (std::size_t l = 0; l < 5; ++l)
              CHECK(got[((i * 3 + j) * 3 + k) * 5 + l] ==
                    Approx(distance(&a[(i * 3 + k) * 4], &b[(j * 5 + l) * 4], 4, p))
                        .epsilon(dtype == float32 ? 1e-5 : 1e-12));
    }
  CHECK(cdist(zeros({0, 3}), zeros({2, 3})).shape() == Shape{0, 2});
  CHECK(cdist(zeros({1, 0}), zeros({2, 0})).to_vector() == Numbers{0, 0});
}

TEST_CASE("points of many coordinates have accurate distances, as those of few have") {
  for (const std::int64_t size : {1, 7, 128, 129, 300})
    for (const double p : {1.0, 2.0, 3.0}) {
      INFO(size << ' ' << p);
      const Tensor x = random({3, size}, 1, float32), y = random({4, size}, 2, float32);
      const Tensor wide = cdist(cast(x, float64), cast(y, float64), p);
      CHECK(max(abs(cast(cdist(x, y, p), float64) / wide - 1)).item() < 8e-7);
      const auto total = [&](const Tensor& a) { return sum(square(cdist(a, cast(y, a.dtype()), p))); };
      const Tensor gradient = grad(total)(cast(x, float64));
      CHECK(max(abs(cast(grad(total)(x), float64) - gradient)).item() < 2e-6 * max(abs(gradient)).item());
    }
}

TEST_CASE("near points far from the origin keep their distance") {
  const Tensor x = tensor({{10000.0, 10000.0}}), y = tensor({{10003.0, 10004.0}});
  CHECK(cdist(x, y).item() == 5);
  const Tensor large = tensor({{3e200, 0.0}}, float64), other = tensor({{0.0, 4e200}}, float64);
  CHECK(cdist(large, other).item() == Approx(5e200));
  CHECK(cdist(large * 0 + 3e-200, other * 0).item() == Approx(3e-200 * std::sqrt(2)));
}

TEST_CASE("distances differentiate as their differences say, of every order") {
  const Tensor x = random({2, 3, 4}, 1), y = random({2, 4}, 2);
  for (const double p : {1.0, 1.5, 2.0, 3.0, inf}) {
    INFO(p);
    CHECK_THAT([p](const Tensor& a, const Tensor& b) { return cdist(a, b, p); },
               DifferentiatesCorrectly({x, y}).order(2));
  }
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return cdist(a, b); }, DifferentiatesCorrectly({x, y}).order(3));
}

TEST_CASE("at distance 0 the derivatives of every order are 0") {
  for (const DType dtype : {float32, float64})
    for (const double p : {1.0, 2.0, 3.0, inf}) {
      INFO(name(dtype) << ' ' << p);
      const Tensor x = track(tensor({{1.0, 2.0}, {1.0, 2.0}}, dtype)), other = track(tensor({{1.0, 2.0}}, dtype));
      const Tensor y = cdist(x, other, p), zero = zeros({2, 2}, dtype);
      CHECK(y.to_vector() == Numbers{0, 0});
      const Tensor first = grad(sum(y), x, {.create_graph = true});
      CHECK(first.to_vector() == zero.to_vector());
      const Tensor second =
          grad(sum(first * random({2, 2}, 1, dtype)), x, {.create_graph = true, .allow_unused = true});
      CHECK(second.to_vector() == zero.to_vector());
    }
  // Of points with themselves: the others have the derivatives that they have alone.
  const Tensor points = random({4, 3}, 5);
  const auto all = [](const Tensor& a) { return sum(cdist(a, a)); };
  const auto apart = [](const Tensor& a) {
    Tensor total = zeros({}, float64);
    for (std::int64_t i = 0; i < 4; ++i)
      for (std::int64_t j = 0; j < 4; ++j)
        if (i != j) total = total + norm(a[i] - a[j]);
    return total;
  };
  const Tensor along = random({4, 3}, 6);
  CHECK(max(abs(grad(all)(points) - grad(apart)(points))).item() < 1e-14);
  CHECK(max(abs(hvp(all, points, along) - hvp(apart, points, along))).item() < 1e-13);
}

TEST_CASE("points that have no distance") {
  const Tensor x = ones({2, 3});
  throws<ShapeError>("cdist: the points have different sizes: [2, 3] f32 and [2, 4] f32").by([&] {
    cdist(x, ones({2, 4}));
  });
  throws<ShapeError>("cdist: needs matrices, got [3] f32").by([&] { cdist(ones({3}), x); });
  throws<DTypeError>("cdist: dtypes differ: [2, 3] f32 and [2, 3] f64").by([&] { cdist(x, ones({2, 3}, float64)); });
  throws<ValueError>("cdist: p is -1").by([&] { cdist(x, x, -1); });
  throws<ValueError>("cdist: p is nan").by([&] { cdist(x, x, std::numeric_limits<double>::quiet_NaN()); });
}

}  // namespace xgrad::distances_test
