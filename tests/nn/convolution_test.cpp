#include "nn/convolution.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "nn/functional_call.hpp"
#include "nn/init.hpp"
#include "nn/sequential.hpp"
#include "tests/throws.hpp"

namespace xgrad::convolution_test {
namespace {

using Numbers = std::vector<double>;
using Three = std::array<std::int64_t, 3>;

// Numbers [A, B, D, H, W], of which the loops below take fewer spatial axes for the last ones.
struct Field {
  std::int64_t a, b;
  Three size{1, 1, 1};
  Numbers numbers;

  Field(std::int64_t first, std::int64_t second, Three sizes)
      : a(first), b(second), size(sizes), numbers(static_cast<std::size_t>(a * b * size[0] * size[1] * size[2])) {}
  explicit Field(const Tensor& x) : Field(x.size(0), x.size(1), last_sizes(x)) { numbers = x.to_vector(); }

  static Three last_sizes(const Tensor& x) {
    Three sizes{1, 1, 1};
    for (std::int64_t k = 2; k < x.ndim(); ++k) sizes[static_cast<std::size_t>(k + 5 - x.ndim() - 2)] = x.size(k);
    return sizes;
  }
  double& at(std::int64_t i, std::int64_t j, const Three& k) {
    return numbers[static_cast<std::size_t>((((i * b + j) * size[0] + k[0]) * size[1] + k[1]) * size[2] + k[2])];
  }
};

template <class See>
void each(const Three& size, See&& see) {
  for (std::int64_t i = 0; i < size[0]; ++i)
    for (std::int64_t j = 0; j < size[1]; ++j)
      for (std::int64_t k = 0; k < size[2]; ++k) see(Three{i, j, k});
}

// How a layer sees its axes, those that it has being the last.
struct Geometry {
  Three stride{1, 1, 1}, before{0, 0, 0}, dilation{1, 1, 1};
  std::int64_t groups = 1;
  PadMode mode = PadMode::constant;

  // Which element stands at a place on an axis of n; -1 for a zero.
  std::int64_t source(std::int64_t place, std::int64_t n) const {
    if (place >= 0 && place < n) return place;
    if (mode == PadMode::reflect) return place < 0 ? -place : 2 * (n - 1) - place;
    if (mode == PadMode::replicate) return place < 0 ? 0 : n - 1;
    return mode == PadMode::circular ? (place + n) % n : -1;
  }
};

Numbers convolved(const Tensor& input, const Tensor& weights, const Tensor& bias, const Tensor& like,
                  const Geometry& by) {
  Field x(input), w(weights), y(like.size(0), like.size(1), Field::last_sizes(like));
  const Numbers b = bias.to_vector();
  for (std::int64_t n = 0; n < y.a; ++n)
    for (std::int64_t o = 0; o < y.b; ++o)
      each(y.size, [&](const Three& i) {
        double sum = b[static_cast<std::size_t>(o)];
        for (std::int64_t c = 0; c < w.b; ++c)
          each(w.size, [&](const Three& k) {
            Three from;
            for (std::size_t axis = 0; axis < 3; ++axis)
              from[axis] =
                  by.source(i[axis] * by.stride[axis] + k[axis] * by.dilation[axis] - by.before[axis], x.size[axis]);
            if (from[0] < 0 || from[1] < 0 || from[2] < 0) return;
            sum += w.at(o, c, k) * x.at(n, o / (y.b / by.groups) * w.b + c, from);
          });
        y.at(n, o, i) = sum;
      });
  return y.numbers;
}

Numbers transposed(const Tensor& input, const Tensor& weights, const Tensor& bias, const Tensor& like,
                   const Geometry& by) {
  Field x(input), w(weights), y(like.size(0), like.size(1), Field::last_sizes(like));
  const Numbers b = bias.to_vector();
  for (std::int64_t n = 0; n < y.a; ++n)
    for (std::int64_t o = 0; o < y.b; ++o)
      each(y.size, [&](const Three& i) { y.at(n, o, i) = b[static_cast<std::size_t>(o)]; });
  for (std::int64_t n = 0; n < x.a; ++n)
    for (std::int64_t c = 0; c < x.b; ++c)
      each(x.size, [&](const Three& i) {
        for (std::int64_t o = 0; o < w.b; ++o)
          each(w.size, [&](const Three& k) {
            Three to;
            for (std::size_t axis = 0; axis < 3; ++axis) {
              to[axis] = i[axis] * by.stride[axis] + k[axis] * by.dilation[axis] - by.before[axis];
              if (to[axis] < 0 || to[axis] >= y.size[axis]) return;
            }
            y.at(n, c / (x.b / by.groups) * w.b + o, to) += w.at(c, o, k) * x.at(n, c, i);
          });
      });
  return y.numbers;
}

void check_close(const Tensor& got, const Numbers& expected) {
  const Numbers numbers = got.to_vector();
  REQUIRE(numbers.size() == expected.size());
  for (std::size_t i = 0; i < numbers.size(); ++i)
    CHECK(numbers[i] == Approx(expected[i]).epsilon(1e-12).margin(1e-12));
}

// As a function of the input, the weight and the bias.
template <class Layer>
bool differentiates(Layer& layer, const Tensor& x) {
  const auto f = [&](const Tensor& input, const Tensor& weight, const Tensor& bias) {
    return nn::functional_call(layer, {weight, bias}, input);
  };
  const auto report = check_gradient(f, {x, layer.weight, layer.bias}, {.order = 2});
  INFO(report.text());
  CHECK(report.verdict == Verdict::pass);
  return report.verdict == Verdict::pass;
}

template <class Layer>
void check_convolution(Layer layer, const Shape& input, const Shape& output, const Geometry& by) {
  Rng rng(3);
  const Tensor x = normal(input, rng, 0, 1, float64), y = layer(x);
  REQUIRE(y.shape() == output);
  check_close(y, convolved(x, layer.weight, layer.bias, y, by));
  differentiates(layer, x);
}

TEST_CASE("Conv1d, Conv2d and Conv3d are the loops, at strides, with padding, dilated and in groups") {
  Rng rng(1);
  check_convolution(nn::Conv1d(4, 6, 3, {.stride = 2, .padding = 1, .groups = 2, .dtype = float64}, rng), {2, 4, 7},
                    {2, 6, 4}, {.stride = {1, 1, 2}, .before = {0, 0, 1}, .groups = 2});
  check_convolution(
      nn::Conv2d(2, 3, {3, 2}, {.stride = {2, 1}, .padding = {2, 1}, .dilation = {1, 2}, .dtype = float64}, rng),
      {1, 2, 5, 4}, {1, 3, 4, 4}, {.stride = {1, 2, 1}, .before = {0, 2, 1}, .dilation = {1, 1, 2}});
  check_convolution(nn::Conv3d(2, 2, {2, 1, 3}, {.stride = {1, 2, 1}, .groups = 2, .dtype = float64}, rng),
                    {1, 2, 3, 3, 3}, {1, 2, 2, 2, 1}, {.stride = {1, 2, 1}, .groups = 2});
}

TEST_CASE("convolutions pad with what their mode says, on an odd number one more at the end") {
  Rng rng(2);
  check_convolution(
      nn::Conv1d(1, 2, 4, {.padding = Border::same, .padding_mode = PadMode::reflect, .dtype = float64}, rng),
      {2, 1, 5}, {2, 2, 5}, {.before = {0, 0, 1}, .mode = PadMode::reflect});
  check_convolution(nn::Conv2d(1, 1, 3, {.padding = {1, 2}, .padding_mode = PadMode::circular, .dtype = float64}, rng),
                    {1, 1, 3, 2}, {1, 1, 3, 4}, {.before = {0, 1, 2}, .mode = PadMode::circular});
  check_convolution(nn::Conv3d(1, 2, {2, 1, 3},
                               {.stride = 2, .padding = 1, .padding_mode = PadMode::replicate, .dtype = float64}, rng),
                    {1, 1, 2, 1, 3}, {1, 2, 2, 2, 2},
                    {.stride = {2, 2, 2}, .before = {1, 1, 1}, .mode = PadMode::replicate});
  check_convolution(nn::Conv2d(1, 2, {2, 3}, {.padding = Border::same, .dilation = 2, .dtype = float64}, rng),
                    {1, 1, 4, 3}, {1, 2, 4, 3}, {.before = {0, 1, 2}, .dilation = {1, 2, 2}});
  check_convolution(
      nn::Conv1d(1, 1, 2, {.padding = Border::valid, .padding_mode = PadMode::reflect, .dtype = float64}, rng),
      {1, 1, 3}, {1, 1, 2}, {});
}

TEST_CASE("transposed convolutions are the loops, with padding of the output, in groups and dilated") {
  Rng rng(4);
  const auto check = [](auto layer, const Shape& input, const Shape& output, const Geometry& by) {
    Rng numbers(5);
    const Tensor x = normal(input, numbers, 0, 1, float64), y = layer(x);
    REQUIRE(y.shape() == output);
    check_close(y, transposed(x, layer.weight, layer.bias, y, by));
    differentiates(layer, x);
  };
  check(nn::ConvTranspose1d(4, 2, 3, {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2, .dtype = float64},
                            rng),
        {2, 4, 3}, {2, 2, 6}, {.stride = {1, 1, 2}, .before = {0, 0, 1}, .groups = 2});
  check(nn::ConvTranspose2d(2, 1, {2, 3}, {.stride = {1, 2}, .dilation = {2, 1}, .dtype = float64}, rng), {1, 2, 2, 2},
        {1, 1, 4, 5}, {.stride = {1, 1, 2}, .dilation = {1, 2, 1}});
  check(nn::ConvTranspose3d(1, 2, {2, 1, 2}, {.padding = {1, 0, 0}, .dtype = float64}, rng), {1, 1, 2, 1, 3},
        {1, 2, 1, 1, 4}, {.before = {1, 0, 0}});
}

TEST_CASE("a transposed convolution has the output size that is asked for, if it can be had") {
  Rng rng(6);
  const nn::ConvTranspose2d layer(1, 1, 3, {.stride = {3, 2}, .dtype = float64}, rng);
  const Tensor x = normal({1, 1, 2, 2}, rng, 0, 1, float64);
  CHECK(layer(x).shape() == Shape{1, 1, 6, 5});
  const Tensor larger = layer(x, {8, 6});
  REQUIRE(larger.shape() == Shape{1, 1, 8, 6});
  check_close(larger, transposed(x, layer.weight, layer.bias, larger, {.stride = {1, 3, 2}}));
  CHECK(layer(select(x, 0, 0), 6).shape() == Shape{1, 6, 6});
  throws<ValueError>(
      "ConvTranspose2d: an output of 9 elements along a spatial axis cannot be had of [1, 1, 2, 2] f64, but 6 to 8")
      .by([&] {
        layer(x, {9, 5});
      });
  CHECK_THROWS_AS(layer(x, 4), ValueError);
  CHECK_THROWS_AS(layer(x, {6, 5, 5}), ValueError);
}

TEST_CASE("convolutions take one image without a batch, a batch of one, and an empty batch") {
  const nn::Conv2d layer(2, 3, 3, {.padding = 1});
  const nn::ConvTranspose1d back(2, 3, 2);
  Rng rng(7);
  const Tensor x = normal({1, 2, 4, 5}, rng);
  CHECK(layer(select(x, 0, 0)).shape() == Shape{3, 4, 5});
  CHECK(layer(select(x, 0, 0)).to_vector() == layer(x).to_vector());
  CHECK(layer(zeros({0, 2, 4, 5})).shape() == Shape{0, 3, 4, 5});
  CHECK(back(zeros({2, 4})).shape() == Shape{3, 5});
  CHECK(back(zeros({0, 2, 4})).shape() == Shape{0, 3, 5});
  const nn::Conv1d mirrored(2, 1, 3, {.padding = 1, .padding_mode = PadMode::reflect});
  CHECK(mirrored(zeros({2, 4})).shape() == Shape{1, 4});
  CHECK(mirrored(zeros({0, 2, 4})).shape() == Shape{0, 1, 4});
}

TEST_CASE("convolutions start within 1/sqrt(fan-in), reproducibly, by the fan-in that PyTorch has") {
  const auto check = [](const auto& layer, const auto& same, double bound) {
    double largest = 0;
    for (const double w : layer.weight.value().to_vector()) largest = std::max(largest, std::abs(w));
    CHECK(largest <= bound);
    CHECK(largest > 0.98 * bound);
    for (const double b : layer.bias.value().to_vector()) CHECK(std::abs(b) <= bound);
    CHECK(layer.weight.value().to_vector() == same.weight.value().to_vector());
    CHECK(layer.bias.value().to_vector() == same.bias.value().to_vector());
  };
  Rng a(8), b(8);
  check(nn::Conv2d(8, 16, {3, 5}, {.groups = 2}, a), nn::Conv2d(8, 16, {3, 5}, {.groups = 2}, b),
        1 / std::sqrt(4 * 15));
  // Whose second axis is that of the outputs.
  check(nn::ConvTranspose1d(8, 20, 5, {}, a), nn::ConvTranspose1d(8, 20, 5, {}, b), 1 / std::sqrt(20 * 5));
}

TEST_CASE("the state of a convolution has the names and layouts of PyTorch") {
  const auto check = [](const nn::Module& layer, const Shape& weight, std::int64_t outputs) {
    const auto state = layer.state();
    REQUIRE(state.size() == 2);
    CHECK(state[0].name == "weight");
    CHECK(state[0].value.shape() == weight);
    CHECK(state[1].name == "bias");
    CHECK(state[1].value.shape() == Shape{outputs});
  };
  check(nn::Conv1d(4, 6, 3, {.groups = 2}), {6, 2, 3}, 6);
  check(nn::Conv2d(4, 6, {3, 5}), {6, 4, 3, 5}, 6);
  check(nn::Conv3d(1, 2, {1, 2, 3}), {2, 1, 1, 2, 3}, 2);
  check(nn::ConvTranspose1d(4, 6, 3, {.groups = 2}), {4, 3, 3}, 6);
  check(nn::ConvTranspose2d(4, 6, 2), {4, 6, 2, 2}, 6);
  check(nn::ConvTranspose3d(1, 2, {1, 2, 3}), {1, 2, 1, 2, 3}, 2);
  const nn::Conv2d bare(1, 1, 2, {.bias = false});
  CHECK(bare.state().size() == 1);
  CHECK_FALSE(bare.bias.defined());
  CHECK(bare(zeros({1, 1, 2, 2})).item() == 0);
}

TEST_CASE("a convolution is a step of a Sequential, and prints as what it is") {
  const nn::Sequential model(nn::Conv2d(1, 2, 3), nn::ConvTranspose2d(2, 1, 3));
  CHECK(model(zeros({1, 1, 4, 4})).shape() == Shape{1, 1, 4, 4});
  CHECK(model.to_string().find("0: Conv2d  weight [2, 1, 3, 3], bias [2]") != std::string::npos);
  CHECK(model.to_string().find("1: ConvTranspose2d  weight [2, 1, 3, 3], bias [1]") != std::string::npos);
}

TEST_CASE("convolutions refuse what makes no sense, at the user's line") {
  const nn::Conv2d layer(2, 3, 3);
  throws<ShapeError>("Conv2d: needs 2 channels along axis 1, got [1, 3, 4, 4] f32").by([&] {
    layer(zeros({1, 3, 4, 4}));
  });
  throws<ShapeError>("Conv2d: needs [N, 2] and 2 spatial axes, or [2] and those, got [2, 4] f32").by([&] {
    layer(zeros({2, 4}));
  });
  throws<ShapeError>("Conv2d: the kernel does not fit into [1, 2, 2, 4] f32; weight [3, 2, 3, 3] f32").by([&] {
    layer(zeros({1, 2, 2, 4}));
  });
  CHECK_THROWS_AS(layer(zeros({1, 2, 4, 4}, float64)), DTypeError);
  throws<ValueError>("Conv2d: 2 groups do not divide 4 and 3 channels").by([] { nn::Conv2d(4, 3, 3, {.groups = 2}); });
  throws<ValueError>("Conv1d: needs positive numbers of channels, got 0 and 3").by([] { nn::Conv1d(0, 3, 3); });
  throws<ValueError>("Conv3d: Border::same needs stride 1, got [1, 2, 1]").by([] {
    nn::Conv3d(1, 1, 3, {.stride = {1, 2, 1}, .padding = Border::same});
  });
  throws<ValueError>("ConvTranspose1d: the output padding 2 is neither below the stride 2 nor below the dilation 1")
      .by([] { nn::ConvTranspose1d(1, 1, 3, {.stride = 2, .output_padding = 2}); });
  CHECK_THROWS_AS(nn::Conv2d(1, 1, 0), ValueError);
  CHECK_THROWS_AS(nn::Conv2d(1, 1, {3, 3, 3}), ValueError);
  CHECK_THROWS_AS(nn::Conv2d(1, 1, 3, {.stride = 0}), ValueError);
  CHECK_THROWS_AS(nn::Conv2d(1, 1, 3, {.padding = -1}), ValueError);
  CHECK_THROWS_AS(nn::Conv2d(1, 1, 3, {.dilation = 0}), ValueError);
  CHECK_THROWS_AS(nn::Conv2d(1, 1, 3, {.groups = 0}), ValueError);
  CHECK_THROWS_AS(nn::Conv2d(1, 1, 3, {.dtype = int64}), Error);
  CHECK_THROWS_AS(nn::ConvTranspose2d(1, 1, 3, {.padding = -1}), ValueError);
  throws<ShapeError>("ConvTranspose2d: needs 2 channels along axis 0, got [1, 4, 4] f32").by([] {
    nn::ConvTranspose2d(2, 3, 3)(zeros({1, 4, 4}));
  });
  constexpr std::int64_t huge = std::int64_t{1} << 40;
  CHECK_THROWS_AS(nn::Conv2d(huge, huge, 3), LimitError);
  CHECK_THROWS_AS(nn::ConvTranspose3d(huge, 1, {1 << 20, 1 << 20, 1 << 20}), LimitError);
  CHECK_THROWS_AS(nn::ConvTranspose1d(1, 1, 1)(zeros({0, 1, huge}), 3), ValueError);
  // A mirror shows no more than there is.
  const nn::Conv1d mirrored(1, 1, 5, {.padding = 2, .padding_mode = PadMode::reflect});
  CHECK_THROWS_WITH(mirrored(zeros({1, 1, 2})),
                    Catch::Contains("Conv1d: pad: ") && Catch::Contains("convolution_test"));
}

}  // namespace
}  // namespace xgrad::convolution_test
