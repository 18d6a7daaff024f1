// Windows and convolutions are what their sums say.

#include "autograd/ops/convolution.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <limits>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "autograd/ops/windows.hpp"
#include "tests/throws.hpp"

namespace xgrad::convolution_test {
namespace {

using Numbers = std::vector<double>;
using Sizes = std::vector<std::int64_t>;

Tensor numbers(const Shape& shape, std::uint64_t seed) {
  Rng rng(seed);
  return cast(randint(shape, rng, -4, 5), float64);
}

Tensor cubed(const Tensor& x) { return x * x * x; }

double at(const Numbers& values, const Shape& shape, const Sizes& index) {
  std::int64_t place = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis)
    place = place * shape[static_cast<std::int64_t>(axis)] + index[axis];
  return values[static_cast<std::size_t>(place)];
}

struct Plane {
  std::int64_t stride, padding, dilation, groups;
};

// y[n, o, i, j] as its definition says.
Numbers convolved(const Tensor& x, const Tensor& w, const Plane& p, Shape& shape) {
  const Numbers a = x.to_vector(), b = w.to_vector();
  const auto size = [&](std::int64_t axis) {
    return (x.size(axis) + 2 * p.padding - p.dilation * (w.size(axis) - 1) - 1) / p.stride + 1;
  };
  shape = {x.size(0), w.size(0), size(2), size(3)};
  Numbers y;
  const std::int64_t per_group = w.size(0) / p.groups;
  for (std::int64_t n = 0; n < shape[0]; ++n)
    for (std::int64_t o = 0; o < shape[1]; ++o)
      for (std::int64_t i = 0; i < shape[2]; ++i)
        for (std::int64_t j = 0; j < shape[3]; ++j) {
          double sum = 0;
          for (std::int64_t c = 0; c < w.size(1); ++c)
            for (std::int64_t k = 0; k < w.size(2); ++k)
              for (std::int64_t l = 0; l < w.size(3); ++l) {
                const std::int64_t r = i * p.stride + k * p.dilation - p.padding;
                const std::int64_t s = j * p.stride + l * p.dilation - p.padding;
                if (r < 0 || s < 0 || r >= x.size(2) || s >= x.size(3)) continue;
                sum += at(b, w.shape(), {o, c, k, l}) * at(a, x.shape(), {n, o / per_group * w.size(1) + c, r, s});
              }
          y.push_back(sum);
        }
  return y;
}

// The transposed convolution as its definition says: each element of x adds its kernel up in y[n, o, r, s].
Numbers transposed(const Tensor& x, const Tensor& w, const Plane& p, const Sizes& extra, Shape& shape) {
  const std::int64_t per_group = w.size(1), outputs = per_group * p.groups;
  const auto size = [&](std::int64_t axis) {
    return (x.size(axis) - 1) * p.stride - 2 * p.padding + p.dilation * (w.size(axis) - 1) +
           extra[static_cast<std::size_t>(axis - 2)] + 1;
  };
  shape = {x.size(0), outputs, size(2), size(3)};
  Numbers y(static_cast<std::size_t>(shape.numel()));
  const Numbers a = x.to_vector(), b = w.to_vector();
  for (std::int64_t n = 0; n < x.size(0); ++n)
    for (std::int64_t c = 0; c < x.size(1); ++c)
      for (std::int64_t i = 0; i < x.size(2); ++i)
        for (std::int64_t j = 0; j < x.size(3); ++j)
          for (std::int64_t o = 0; o < per_group; ++o)
            for (std::int64_t k = 0; k < w.size(2); ++k)
              for (std::int64_t l = 0; l < w.size(3); ++l) {
                const std::int64_t r = i * p.stride + k * p.dilation - p.padding;
                const std::int64_t s = j * p.stride + l * p.dilation - p.padding;
                if (r < 0 || s < 0 || r >= shape[2] || s >= shape[3]) continue;
                const std::int64_t output = c / (x.size(1) / p.groups) * per_group + o;
                y[static_cast<std::size_t>(((n * outputs + output) * shape[2] + r) * shape[3] + s)] +=
                    at(a, x.shape(), {n, c, i, j}) * at(b, w.shape(), {c, o, k, l});
              }
  return y;
}

}  // namespace

TEST_CASE("what surrounds an axis") {
  const Tensor x = tensor({1, 2, 3, 4});
  const auto around = [&](std::int64_t before, std::int64_t after, PadMode mode) {
    return pad(x, {{0, before, after}}, mode).to_vector();
  };
  CHECK(around(2, 3, PadMode::reflect) == Numbers{3, 2, 1, 2, 3, 4, 3, 2, 1});
  CHECK(around(0, 1, PadMode::reflect) == Numbers{1, 2, 3, 4, 3});
  CHECK(around(2, 1, PadMode::replicate) == Numbers{1, 1, 1, 2, 3, 4, 4});
  CHECK(around(2, 4, PadMode::circular) == Numbers{3, 4, 1, 2, 3, 4, 1, 2, 3, 4});
  CHECK(around(1, -2, PadMode::constant) == Numbers{0, 1, 2});
  CHECK(around(0, 0, PadMode::circular) == Numbers{1, 2, 3, 4});
  const Tensor square = tensor({{1, 2}, {3, 4}});
  CHECK(pad(square, {{0, 1, 0}, {-1, 0, 1}}, PadMode::reflect).to_vector() == Numbers{3, 4, 3, 1, 2, 1, 3, 4, 3});
  CHECK(pad(square, {{0, 0, 1}, {1, 1, 0}}, PadMode::constant, 7).to_vector() == Numbers{7, 1, 2, 7, 3, 4, 7, 7, 7});
  throws<ValueError>("pad: 4 and 0 elements around axis -1 of [4] i64, which has too few").by([&] {
    pad(x, {{-1, 4, 0}}, PadMode::reflect);
  });
  throws<ValueError>("pad: 5 and 0 elements around axis 0 of [4] i64, which has too few").by([&] {
    pad(x, {{0, 5, 0}}, PadMode::circular);
  });
  throws<ValueError>("pad: -1 and 0 elements around axis 0 are cut off by PadMode::constant alone").by([&] {
    pad(x, {{0, -1, 0}}, PadMode::replicate);
  });
  CHECK_THROWS_AS(pad(zeros({0}), {{0, 1, 0}}, PadMode::replicate), ValueError);
  for (const PadMode mode : {PadMode::reflect, PadMode::replicate, PadMode::circular})
    CHECK_THAT(
        [&](const Tensor& t) {
          return cubed(pad(t, {{0, 1, 2}, {1, 2, 0}}, mode));
        },
        DifferentiatesCorrectly(numbers({3, 4}, 1) / 5).order(2));
}

TEST_CASE("windows are laid out, and added up again") {
  const Tensor x = numbers({2, 7, 5}, 1);
  const Numbers values = x.to_vector();
  for (const Window& w : {Window{1, 3}, Window{1, 2, 2}, Window{1, 3, 1, 2}, Window{1, 3, 2, 1, 1, 2}, Window{1, 7},
                          Window{1, 9}, Window{-2, 1, 4}, Window{1, 2, 3, 2, 2, 0}}) {
    const Tensor y = unfold(x, {w}, 9);
    const std::int64_t count = w.count(7);
    REQUIRE(y.shape() == Shape{2, count, 5, w.size});
    const Numbers got = y.to_vector();
    for (std::int64_t b = 0; b < 2; ++b)
      for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t c = 0; c < 5; ++c)
          for (std::int64_t k = 0; k < w.size; ++k) {
            const std::int64_t from = i * w.stride + k * w.dilation - w.before;
            const double expected = from < 0 || from >= 7 ? 9 : at(values, x.shape(), {b, from, c});
            CHECK(at(got, y.shape(), {b, i, c, k}) == expected);
          }
    // <fold(g), x> = <g, unfold(x)>
    const Tensor g = numbers(y.shape(), 2);
    CHECK(sum(fold(g, x.shape(), {w}) * x).item() == sum(g * unfold(x, {w})).item());
  }
  const std::vector<Window> both = {{2, 3, 1, 1, 1, 1}, {1, 2, 2}};
  CHECK(unfold(x, both).shape() == Shape{2, 3, 5, 3, 2});
  const Tensor g = numbers({2, 3, 5, 3, 2}, 3);
  CHECK(sum(fold(g, x.shape(), both) * x).item() == sum(g * unfold(x, both)).item());
  throws<ValueError>("unfold: two windows of axis 1").by([&] { unfold(x, {{1, 2}, {-2, 2}}); });
  throws<ValueError>("unfold: windows of 0 elements, stride 1, dilation 1 on axis 1").by([&] { unfold(x, {{1, 0}}); });
  throws<ShapeError>("fold: the windows of [2, 7, 5] are [2, 6, 5, 2], not [2, 7, 5] f64").by([&] {
    fold(x, {2, 7, 5}, {{1, 2}});
  });
}

TEST_CASE("convolutions are sums over windows and channels") {
  for (const Plane& p :
       {Plane{1, 0, 1, 1}, Plane{2, 1, 1, 1}, Plane{1, 2, 2, 1}, Plane{3, 0, 1, 2}, Plane{1, 1, 1, 4}}) {
    const Tensor x = numbers({2, 4, 7, 6}, 1), w = numbers({8, 4 / p.groups, 3, 2}, 2), bias = numbers({8}, 3);
    Shape shape;
    const Numbers expected = convolved(x, w, p, shape);
    const ConvolutionOptions options{
        .stride = p.stride, .padding = p.padding, .dilation = p.dilation, .groups = p.groups};
    const Tensor y = conv2d(x, w, {}, options);
    CHECK(y.shape() == shape);
    CHECK(y.to_vector() == expected);
    CHECK(conv2d(x, w, bias, options).to_vector() == (y + reshape(bias, {8, 1, 1})).to_vector());
    CHECK(conv2d(x[0], w, bias, options).to_vector() == conv2d(x, w, bias, options)[0].to_vector());
  }
  CHECK(conv2d(zeros({0, 4, 5, 5}), zeros({2, 4, 3, 3})).shape() == Shape{0, 2, 3, 3});
}

TEST_CASE("convolutions of one and three axes are those of two") {
  const Tensor line = numbers({2, 3, 9}, 4), w = numbers({5, 3, 3}, 5);
  CHECK(conv1d(line, w).to_vector() == conv2d(unsqueeze(line, 2), unsqueeze(w, 2)).to_vector());
  CHECK(conv1d(line, w, {}, {.padding = Border::same}).shape() == Shape{2, 5, 9});
  CHECK(conv1d(line, w, {}, {.padding = Border::same}).to_vector() == conv1d(line, w, {}, {.padding = 1}).to_vector());
  CHECK(conv1d(line, w, {}, {.padding = Border::valid}).to_vector() == conv1d(line, w).to_vector());
  const Tensor room = numbers({1, 2, 4, 3, 5}, 6), cube = numbers({3, 2, 2, 1, 3}, 7);
  const Tensor y = conv3d(room, cube, {}, {.stride = {2, 1, 1}, .padding = {0, 1, 0}});
  CHECK(y.shape() == Shape{1, 3, 2, 5, 3});
  Tensor expected = zeros({3, 5}, float64);  // of the first output channel and the first place along the first axis
  for (int c = 0; c < 2; ++c)
    for (int k = 0; k < 2; ++k)
      expected = conv2d(pad(reshape(room[0][c][k], {1, 3, 5}), 1, 1, 1), reshape(cube[0][c][k], {1, 1, 1, 3}))[0] +
                 (expected.shape() == Shape{5, 3} ? expected : zeros({5, 3}, float64));
  CHECK(y[0][0][0].to_vector() == expected.to_vector());
}

TEST_CASE("convolutions refuse what does not fit") {
  const Tensor x = numbers({2, 4, 7, 6}, 1);
  throws<ShapeError>("conv2d: needs [N, C] and 2 spatial axes, or [C] and those, got [2, 3] f32").by([&] {
    conv2d(ones({2, 3}), ones({1, 1, 1, 1}));
  });
  throws<ShapeError>(
      "conv2d: the input is [2, 4, 7, 6] f64, but the weight, [8, 3, 2, 2] f32, sees 3 channels in each "
      "of 1 groups")
      .by([&] {
        conv2d(x, ones({8, 3, 2, 2}));
      });
  throws<ValueError>("conv2d: 3 groups do not divide 8 output channels").by([&] {
    conv2d(x, ones({8, 3, 2, 2}), {}, {.groups = 3});
  });
  throws<ShapeError>("conv2d: the bias is [3] f32, not [8]").by([&] { conv2d(x, ones({8, 4, 2, 2}), ones({3})); });
  throws<ValueError>("conv2d: 3 numbers for stride of 2 spatial axes").by([&] {
    conv2d(x, ones({8, 4, 2, 2}), {}, {.stride = {1, 2, 3}});
  });
  throws<ValueError>("conv2d: Border::same needs stride 1, got 2").by([&] {
    conv2d(x, ones({8, 4, 2, 2}), {}, {.stride = 2, .padding = Border::same});
  });
  throws<GraphError>("conv2d: the weight is an undefined Tensor").by([&] { conv2d(x, Tensor()); });
}

TEST_CASE("transposed convolutions add each element's kernel up where its window stood") {
  struct Example {
    Plane plane;
    Sizes extra;
  };
  for (const auto& [p, extra] :
       {Example{{1, 0, 1, 1}, {0, 0}}, Example{{2, 1, 1, 1}, {1, 0}}, Example{{1, 1, 2, 1}, {1, 1}},
        Example{{3, 2, 1, 2}, {2, 1}}, Example{{2, 0, 2, 4}, {1, 1}}}) {
    const Tensor x = numbers({2, 4, 4, 5}, 1), w = numbers({4, 8 / p.groups, 3, 2}, 2);
    Shape shape;
    const Numbers expected = transposed(x, w, p, extra, shape);
    const TransposedConvolutionOptions options{
        .stride = p.stride, .padding = p.padding, .output_padding = extra, .dilation = p.dilation, .groups = p.groups};
    const Tensor y = conv_transpose2d(x, w, {}, options), bias = numbers({shape[1]}, 3);
    CHECK(y.shape() == shape);
    CHECK(y.to_vector() == expected);
    CHECK(conv_transpose2d(x, w, bias, options).to_vector() == (y + reshape(bias, {shape[1], 1, 1})).to_vector());
    CHECK(conv_transpose2d(x[1], w, bias, options).to_vector() == conv_transpose2d(x, w, bias, options)[1].to_vector());
    // <y, transposed x> = <conv y, x>, and the same as the derivative of the convolution.
    const Tensor g = track(numbers(shape, 4));
    const Tensor back =
        conv2d(g, w, {}, {.stride = p.stride, .padding = p.padding, .dilation = p.dilation, .groups = p.groups});
    const Tensor part = slice(slice(back, 2, 0, 4), 3, 0, 5);
    CHECK(sum(part * x).item() == sum(g * y).item());
    CHECK(grad(sum(part * x), g).to_vector() == expected);
  }
}

TEST_CASE("transposed convolutions of one and three axes, and what they refuse") {
  const Tensor line = numbers({2, 3, 5}, 4), w = numbers({3, 2, 3}, 5);
  CHECK(conv_transpose1d(line, w, {}, {.stride = 2}).to_vector() ==
        conv_transpose2d(unsqueeze(line, 2), unsqueeze(w, 2), {}, {.stride = {1, 2}}).to_vector());
  const Tensor room = numbers({1, 2, 1, 3, 4}, 6), cube = numbers({2, 3, 1, 2, 3}, 7);
  CHECK(conv_transpose3d(room, cube, {}, {.padding = {0, 1, 1}}).to_vector() ==
        conv_transpose2d(squeeze(room, 2), squeeze(cube, 2), {}, {.padding = 1}).to_vector());
  CHECK(conv_transpose1d(zeros({0, 3, 5}), zeros({3, 2, 3})).shape() == Shape{0, 2, 7});
  CHECK(conv_transpose1d(ones({1, 1, 1}), ones({1, 1, 1}), {}, {.stride = 4, .output_padding = 3}).to_vector() ==
        Numbers{1, 0, 0, 0});
  throws<ShapeError>("conv_transpose1d: the input is [2, 3, 5] f64, but the weight is [2, 2, 3] f32").by([&] {
    conv_transpose1d(line, ones({2, 2, 3}));
  });
  throws<ValueError>("conv_transpose1d: 2 groups do not divide 3 input channels").by([&] {
    conv_transpose1d(line, w, {}, {.groups = 2});
  });
  throws<ShapeError>("conv_transpose1d: the bias is [3] f32, not [2]").by([&] {
    conv_transpose1d(line, w, ones({3}));
  });
  throws<ValueError>("conv_transpose1d: the stride is 0, not in 1 to 2147483648").by([&] {
    conv_transpose1d(line, w, {}, {.stride = 0});
  });
  throws<ValueError>("conv_transpose1d: the padding is -1, not in 0 to 2147483648").by([&] {
    conv_transpose1d(line, w, {}, {.padding = -1});
  });
  throws<ValueError>("conv_transpose1d: the output_padding 2 is neither below the stride 2 nor below the dilation 1")
      .by([&] { conv_transpose1d(line, w, {}, {.stride = 2, .output_padding = 2}); });
  throws<ShapeError>("conv_transpose1d: of 7 elements the padding 4 leaves -1").by([&] {
    conv_transpose1d(line, w, {}, {.padding = 4});
  });
  throws<ShapeError>("conv_transpose2d: needs [N, C] and 2 spatial axes, or [C] and those, got [2, 3] f32").by([&] {
    conv_transpose2d(ones({2, 3}), w);
  });
  throws<ShapeError>(
      "conv_transpose1d: axis 2 of the input, [2, 3, 0] f64, or of the weight, [3, 2, 3] f64, has no elements")
      .by([&] {
        conv_transpose1d(zeros({2, 3, 0}, float64), w);
      });
  throws<GraphError>("conv_transpose1d: the weight is an undefined Tensor").by([&] {
    conv_transpose1d(line, Tensor());
  });
}

TEST_CASE("convolutions differentiate as their differences say") {
  const Tensor x = numbers({2, 2, 5, 4}, 1) / 5 + 0.01 * reshape(arange(0, 80, 1, float64), {2, 2, 5, 4});
  const Tensor w = numbers({4, 1, 3, 2}, 2) / 4, b = numbers({4}, 3) / 3;
  CHECK_THAT(
      [](const Tensor& s, const Tensor& t, const Tensor& u) {
        return conv2d(s, t, u, {.stride = {2, 1}, .padding = 1, .groups = 2});
      },
      DifferentiatesCorrectly({x, w, b}).order(2));
  CHECK_THAT(
      [](const Tensor& s, const Tensor& t, const Tensor& u) {
        return conv_transpose2d(s, t, u, {.stride = {2, 1}, .padding = 1, .output_padding = {1, 0}, .groups = 2});
      },
      DifferentiatesCorrectly({x, numbers({2, 2, 3, 2}, 2) / 4, b}).order(2));
}

}  // namespace xgrad::convolution_test
