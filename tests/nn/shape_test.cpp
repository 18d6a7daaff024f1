#include "nn/shape.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "nn/sequential.hpp"
#include "tests/throws.hpp"

namespace xgrad::shape_test {
namespace {

using Numbers = std::vector<double>;

Tensor counted(const Shape& shape) { return reshape(cast(arange(shape.numel()), float64), shape); }

template <class Layer>
void check_derivatives(const Layer& layer, const Tensor& x) {
  const auto report = check_gradient([&](const Tensor& t) { return layer(t); }, {x}, {.order = 2});
  INFO(report.text());
  CHECK(report.verdict == Verdict::pass);
  CHECK(layer.state().empty());
}

TEST_CASE("Flatten joins all axes but the first, or those that are given, and Unflatten divides one") {
  const Tensor x = counted({2, 3, 1, 2});
  CHECK(nn::Flatten()(x).shape() == Shape{2, 6});
  CHECK(nn::Flatten()(x).to_vector() == x.to_vector());
  CHECK(nn::Flatten(0)(x).shape() == Shape{12});
  CHECK(nn::Flatten(1, 2)(x).shape() == Shape{2, 3, 2});
  CHECK(nn::Flatten()(zeros({0, 3, 2})).shape() == Shape{0, 6});
  CHECK(nn::Unflatten(1, {3, -1})(counted({2, 6})).shape() == Shape{2, 3, 2});
  CHECK(nn::Unflatten(-1, {1, 28, 28})(zeros({5, 784})).shape() == Shape{5, 1, 28, 28});
  check_derivatives(nn::Flatten(), x);
  check_derivatives(nn::Unflatten(1, {3, 2}), counted({2, 6}));
}

TEST_CASE("PixelShuffle makes pixels of channels, and PixelUnshuffle channels of pixels") {
  const Tensor x = counted({1, 4, 1, 2});
  CHECK(nn::PixelShuffle(2)(x).shape() == Shape{1, 1, 2, 4});
  CHECK(nn::PixelShuffle(2)(x).to_vector() == Numbers{0, 2, 1, 3, 4, 6, 5, 7});
  const Tensor y = counted({2, 9, 2, 3});
  CHECK(nn::PixelUnshuffle(3)(nn::PixelShuffle(3)(y)).to_vector() == y.to_vector());
  check_derivatives(nn::PixelShuffle(2), x);
  check_derivatives(nn::PixelUnshuffle(2), counted({1, 2, 2, 4}));
}

TEST_CASE("ChannelShuffle gives every group some channels of each") {
  CHECK(nn::ChannelShuffle(2)(counted({1, 6})).to_vector() == Numbers{0, 3, 1, 4, 2, 5});
  check_derivatives(nn::ChannelShuffle(2), counted({2, 4, 3}));
}

TEST_CASE("Upsample resizes as interpolate does") {
  const Tensor x = counted({1, 1, 2, 2});
  CHECK(nn::Upsample({.scale = 2})(x).to_vector() == Numbers{0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3});
  const InterpolationOptions options{.size = {3, 4}, .mode = Interpolation::bilinear, .align_corners = true};
  CHECK(nn::Upsample(options)(x).to_vector() == interpolate(x, options).to_vector());
  check_derivatives(nn::Upsample(options), x);
}

TEST_CASE("layers of shapes are steps of a Sequential, and map over examples") {
  const nn::Sequential model(nn::Unflatten(1, {4, 2, 2}), nn::ChannelShuffle(2), nn::PixelShuffle(2), nn::Flatten());
  const Tensor x = counted({3, 16});
  CHECK(model(x).shape() == Shape{3, 16});
  CHECK(model.to_string().find("2: PixelShuffle") != std::string::npos);
  const Tensor each = vmap([&](const Tensor& t) { return model(t); }, 1, 1)(unsqueeze(x, 0));
  CHECK(squeeze(each, 0).to_vector() == model(x).to_vector());
}

TEST_CASE("layers of shapes refuse what makes no sense, at the user's line") {
  throws<ShapeError>("unflatten: axis 1 of [2, 6] f32 does not fall into [4, -1]").by([] {
    nn::Unflatten(1, {4, -1})(zeros({2, 6}));
  });
  throws<ShapeError>("pixel_shuffle: 2 squared does not divide the 3 channels of [3, 4, 4] f32").by([] {
    nn::PixelShuffle(2)(zeros({3, 4, 4}));
  });
  throws<ShapeError>("pixel_unshuffle: 3 does not divide the height and the width of [1, 3, 4] f32").by([] {
    nn::PixelUnshuffle(3)(zeros({1, 3, 4}));
  });
  throws<ValueError>("channel_shuffle: 2 groups do not divide the 3 channels of [1, 3] f32").by([] {
    nn::ChannelShuffle(2)(zeros({1, 3}));
  });
  throws<ValueError>("pixel_shuffle: the factor is 0").by([] { nn::PixelShuffle(0)(zeros({3, 4, 4})); });
  constexpr std::int64_t huge = std::int64_t{1} << 40;
  CHECK_THROWS_AS(nn::unflatten(zeros({0, 3}), 1, {huge, huge}), LimitError);
  CHECK_THROWS_AS(nn::pixel_shuffle(zeros({0, huge, 1}), 1 << 30), LimitError);
  CHECK_THROWS_AS(nn::pixel_unshuffle(zeros({huge, 0, 0}), 1 << 30), LimitError);
  CHECK_THROWS_AS(nn::Flatten(3)(zeros({2, 2})), AxisError);
  CHECK_THROWS_AS(nn::Upsample({})(zeros({1, 1, 2})), ValueError);
}

}  // namespace
}  // namespace xgrad::shape_test
