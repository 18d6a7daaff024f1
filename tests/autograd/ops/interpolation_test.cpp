// Against the weights that each element has by the definition of the mode, summed over all elements.

#include "autograd/ops/interpolation.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/autograd/ops/points.hpp"
#include "tests/throws.hpp"

namespace xgrad::interpolation_test {
namespace {

using Mode = Interpolation;
using Matrix = std::vector<Numbers>;

Tensor numbers(const Shape& shape, std::uint64_t seed) {
  Rng rng(seed);
  return uniform(shape, rng, -2, 2, float64);
}

// Keys' cubic convolution with a = -3/4.
double keys(double x) {
  const double a = -0.75, d = std::abs(x);
  if (d <= 1) return (a + 2) * d * d * d - (a + 3) * d * d + 1;
  return d < 2 ? a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a : 0;
}

// How much of element j is in element i of the result; the ratio is that of the sizes unless a scale is given.
Matrix weights(Mode mode, std::int64_t elements, std::int64_t size, double scale, bool align) {
  const auto n = static_cast<double>(elements), m = static_cast<double>(size);
  Matrix w(static_cast<std::size_t>(size), Numbers(static_cast<std::size_t>(elements)));
  for (std::int64_t i = 0; i < size; ++i) {
    const auto at = static_cast<double>(i);
    const double ratio = scale > 0 ? 1 / scale : n / m, aligned = size > 1 ? at * (n - 1) / (m - 1) : 0;
    const double place = align ? aligned : (at + 0.5) * ratio - 0.5, inside = std::clamp(place, 0.0, n - 1);
    for (std::int64_t q = -3; q < elements + 3; ++q) {
      const auto j = static_cast<std::size_t>(std::clamp<std::int64_t>(q, 0, elements - 1));
      double& weight = w[static_cast<std::size_t>(i)][j];
      const auto neighbour = static_cast<double>(q);
      if (mode == Mode::bicubic)
        weight += keys(place - neighbour);
      else if (q < 0 || q >= elements)
        continue;
      else if (mode == Mode::nearest)
        weight = std::min(std::floor(scale > 0 ? at / scale : at * n / m), n - 1) == neighbour;
      else
        weight = std::max(0.0, 1 - std::abs(inside - neighbour));
    }
  }
  return w;
}

// x with an axis multiplied by the matrix.
Tensor multiplied(const Tensor& x, std::int64_t axis, const Matrix& w) {
  std::vector<Tensor> rows;
  for (const Numbers& row : w) {
    Tensor sum = zeros_like(select(x, axis, 0));
    for (std::size_t j = 0; j < row.size(); ++j) sum = sum + row[j] * select(x, axis, static_cast<std::int64_t>(j));
    rows.push_back(sum);
  }
  return stack(rows, axis);
}

constexpr std::int64_t axes_of(Mode mode) { return mode == Mode::linear ? 1 : mode == Mode::trilinear ? 3 : 2; }
constexpr Mode modes[] = {Mode::nearest, Mode::linear, Mode::bilinear, Mode::bicubic, Mode::trilinear};

}  // namespace

TEST_CASE("interpolation to sizes, smaller, larger, the same and 1") {
  for (const Mode mode : modes)
    for (const bool align : {false, true})
      for (const std::int64_t elements : {1, 2, 5})
        for (const std::int64_t size : {1, 2, 3, 5, 7, 10}) {
          if (align && mode == Mode::nearest) continue;
          std::vector<std::int64_t> shape{2, 1}, sizes;
          for (std::int64_t axis = 0; axis < axes_of(mode); ++axis) {
            shape.push_back(axis == 0 ? elements : 3);
            sizes.push_back(axis == 0 ? size : 4);
          }
          const Tensor x = numbers(shape, 1);
          Tensor expected = x;
          for (std::int64_t axis = 0; axis < axes_of(mode); ++axis)
            expected = multiplied(expected, axis + 2,
                                  weights(mode, x.size(axis + 2), sizes[static_cast<std::size_t>(axis)], 0, align));
          const Tensor y = interpolate(x, {.size = sizes, .mode = mode, .align_corners = align});
          INFO(static_cast<int>(mode) << ' ' << align << ": " << elements << " to " << size);
          CHECK_THAT(y, AllClose(expected, 1e-13));
        }
}

TEST_CASE("interpolation by scales takes the scale and not the ratio of the sizes") {
  for (const Mode mode : modes)
    for (const bool align : {false, true})
      for (const double scale : {2.0, 0.5, 1.5, 2.3, 0.7, 1.0}) {
        if (align && mode == Mode::nearest) continue;
        std::vector<std::int64_t> shape{1, 2};
        for (std::int64_t axis = 0; axis < axes_of(mode); ++axis) shape.push_back(4 + axis);
        const Tensor x = numbers(shape, 2);
        Tensor expected = x;
        for (std::int64_t axis = 2; axis < x.ndim(); ++axis) {
          const auto size = static_cast<std::int64_t>(std::floor(static_cast<double>(x.size(axis)) * scale));
          expected = multiplied(expected, axis, weights(mode, x.size(axis), size, scale, align));
        }
        CHECK_THAT(interpolate(x, {.scale = scale, .mode = mode, .align_corners = align}), AllClose(expected, 1e-13));
      }
  CHECK(interpolate(ones({1, 1, 4, 4}), {.scale = {2, 0.5}}).shape() == Shape{1, 1, 8, 2});
}

TEST_CASE("interpolation at its ends") {
  const Tensor x = tensor({{{1.0, 3.0}}}, float64);
  CHECK(interpolate(x, {.size = 5}).to_vector() == Numbers{1, 1, 1, 3, 3});
  CHECK(interpolate(x, {.size = 4, .mode = Mode::linear}).to_vector() == Numbers{1, 1.5, 2.5, 3});
  CHECK(interpolate(x, {.size = 5, .mode = Mode::linear, .align_corners = true}).to_vector() ==
        Numbers{1, 1.5, 2, 2.5, 3});
  CHECK(interpolate(x, {.size = 1, .mode = Mode::linear, .align_corners = true}).to_vector() == Numbers{1});
  CHECK(interpolate(x, {.size = 1, .mode = Mode::linear}).to_vector() == Numbers{2});
  CHECK(interpolate(tensor({{{7.0}}}), {.size = 3, .mode = Mode::linear}).to_vector() == Numbers{7, 7, 7});
  CHECK(interpolate(tensor({{{1, 2, 3}}}), {.size = 6}).to_vector() == Numbers{1, 1, 2, 2, 3, 3});
  CHECK(interpolate(tensor({{{1, 2, 3}}}), {.size = 6}).dtype() == int64);
  CHECK(interpolate(zeros({0, 2, 3, 3}), {.size = 5, .mode = Mode::bilinear}).shape() == Shape{0, 2, 5, 5});
  // What has no part in an element does not reach it, not even as infinity, nor does a derivative go back.
  const Tensor wild = track(tensor({{{1.0, inf, 3.0, nan}}}, float64));
  const Tensor y = interpolate(wild, {.size = 7, .mode = Mode::linear, .align_corners = true});
  CHECK(same(y, {1, inf, inf, inf, 3, nan, nan}, 0));
  CHECK(grad(sum(y), wild).to_vector() == Numbers{1.5, 2, 2, 1.5});
  CHECK(same(interpolate(wild, {.size = 4, .mode = Mode::linear}), {1, inf, 3, nan}, 0));
}

TEST_CASE("interpolation differentiates as its differences say") {
  for (const Mode mode : modes) {
    std::vector<std::int64_t> shape{1, 2};
    for (std::int64_t axis = 0; axis < axes_of(mode); ++axis) shape.push_back(3 + axis);
    const Tensor x = numbers(shape, 3);
    for (const double scale : {1.7, 0.6})
      CHECK_THAT(
          [&](const Tensor& t) {
            return interpolate(t * t * t, {.scale = scale, .mode = mode, .align_corners = mode != Mode::nearest});
          },
          DifferentiatesCorrectly(x).order(2));
  }
}

TEST_CASE("interpolation refuses what makes no sense") {
  const Tensor x = zeros({1, 2, 4, 4});
  throws<ValueError>("interpolate: needs either sizes or scales of the spatial axes").by([&] { interpolate(x, {}); });
  throws<ValueError>("interpolate: needs either sizes or scales of the spatial axes").by([&] {
    interpolate(x, {.size = 2, .scale = 0.5});
  });
  throws<ValueError>("interpolate: the size is 0, not in 1 to 2147483648").by([&] { interpolate(x, {.size = 0}); });
  throws<ValueError>("interpolate: 3 numbers for size of 2 spatial axes").by([&] {
    interpolate(x, {.size = {1, 2, 3}});
  });
  throws<ValueError>("interpolate: with the scale -1, 4 elements would become none, or too many").by([&] {
    interpolate(x, {.scale = -1});
  });
  throws<ValueError>("interpolate: with the scale 0.125, 4 elements would become none, or too many").by([&] {
    interpolate(x, {.scale = 0.125});
  });
  throws<ValueError>("interpolate: with the scale nan, 4 elements would become none, or too many").by([&] {
    interpolate(x, {.scale = nan});
  });
  throws<ValueError>("interpolate: with the scale 1000000000000000, 4 elements would become none, or too many").by([&] {
    interpolate(x, {.scale = 1e15});
  });
  throws<ValueError>("interpolate: nearest has no corners to align").by([&] {
    interpolate(x, {.size = 2, .align_corners = true});
  });
  throws<ShapeError>("interpolate: needs [N, C] and 1 spatial axes, got [1, 2, 4, 4] f32").by([&] {
    interpolate(x, {.size = 2, .mode = Mode::linear});
  });
  throws<ShapeError>("interpolate: needs [N, C] and 1, 2 or 3 spatial axes, got [4] f32").by([&] {
    interpolate(zeros({4}), {.size = 2});
  });
  throws<ShapeError>("interpolate: axis 3 of [1, 1, 2, 0] f32 is empty").by([&] {
    interpolate(zeros({1, 1, 2, 0}), {.size = 2});
  });
  throws<DTypeError>("interpolate: needs a floating dtype, got [1, 1, 2] i64").by([&] {
    interpolate(tensor({{{1, 2}}}), {.size = 2, .mode = Mode::linear});
  });
}

TEST_CASE("interpolation of many examples by vmap is that of each, and of nothing an error") {
  const Tensor x = numbers({2, 1, 2, 3, 4}, 5);
  const auto f = [](const Tensor& t) { return interpolate(t, {.size = {5, 3}, .mode = Mode::bicubic}); };
  CHECK_THAT(vmap(f)(x), AllClose(stack({f(x[0]), f(x[1])})));
  CHECK_THROWS_AS(interpolate(Tensor(), {.size = 2}), GraphError);
}

}  // namespace xgrad::interpolation_test
