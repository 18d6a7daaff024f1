// What is not finite, or barely, in operations that choose, count and compare.

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/autograd.hpp"
#include "tests/throws.hpp"

namespace xgrad::not_finite_test {
namespace {

using Numbers = std::vector<double>;
constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("a divergence between classes does not hide a NaN, and what is impossible contributes nothing") {
  const Tensor p = track(tensor({nan, 1.0, 2.0}, float64)), q = tensor({1.0, 1.0, 2.0}, float64);
  const Tensor d = kl_divergence::categorical(p, q);
  CHECK(std::isnan(d.item()));
  CHECK(std::isnan(grad(d, p)(1).item()));
  const Tensor some = tensor({-inf, 0.0, 0.0}, float64);
  CHECK(kl_divergence::categorical(some, tensor({-inf, 0.0, 0.0}, float64)).item() == 0);
}

TEST_CASE("parts of a histogram are counted where their width overflows") {
  const Tensor x = tensor({-1.7e308, 0.0, 1.6e308, 1.7e308}, float64);
  CHECK(histogram(x, 4, -1.7e308, 1.7e308).to_vector() == Numbers{1, 0, 1, 2});
}

TEST_CASE("the sign of a determinant is NaN where the matrix has a NaN") {
  CHECK(std::isnan(slogdet(tensor({{nan, 1.0}, {1.0, 2.0}}, float64)).sign.item()));
  CHECK_THROWS_AS(cholesky(tensor({{nan, 0.0}, {0.0, 1.0}}, float64)).to_vector(), LinalgError);
}

TEST_CASE("the distribution function of gamma is flat at infinity") {
  const Tensor x = track(tensor({0.5, inf}, float64));
  const Numbers slope = grad(sum(gammainc(2.0, x)), x).to_vector();
  CHECK(slope[0] == Approx(0.5 * std::exp(-0.5)).epsilon(1e-13));
  CHECK(slope[1] == 0);
}

TEST_CASE("between equal infinities lies infinity, and ends are met") {
  CHECK(quantile(tensor({inf, inf, inf}, float64), 0.3).item() == inf);
  CHECK(quantile(tensor({-inf, -inf, 1.0}, float64), 0.25).item() == -inf);
  CHECK(lerp(tensor(1.0, float64), inf, 1).item() == inf);
  CHECK(lerp(tensor(inf, float64), 2.0, 0).item() == inf);
  CHECK(lerp(tensor(inf, float64), 2.0, 1).item() == 2);
}

TEST_CASE("a window that nothing is left for is an error, rounded up or not") {
  const Tensor x = tensor({{{1.0, 2.0, 3.0}}}, float64);
  CHECK_THROWS_AS(max_pool1d(x, 10, {.stride = 1, .ceil_mode = true}), ShapeError);
  CHECK_THROWS_AS(avg_pool1d(x, 10, {.stride = 1, .ceil_mode = true}), ShapeError);
}

TEST_CASE("axes from the front are no axes of operands with other axes") {
  const Tensor a = ones({3}), b = ones({3, 3});
  throws<ShapeError>("cross: axis 0 is not the same one of [3] f32 and [3, 3] f32; count it from the end").by([&] {
    return cross(a, b, 0);
  });
  CHECK(cross(a, b, -1).to_vector() == Numbers(9, 0));
}

TEST_CASE("a convolution without outputs has none") {
  CHECK(conv1d(zeros({1, 2, 5}), zeros({0, 2, 3})).shape() == Shape{1, 0, 3});
}

}  // namespace
}  // namespace xgrad::not_finite_test
