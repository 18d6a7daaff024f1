#include "nn/pooling.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "nn/sequential.hpp"
#include "tests/throws.hpp"

namespace xgrad::pooling_test {
namespace {

using Numbers = std::vector<double>;

// Numbers above 0, all different, of N = 2, C = 1 and so many spatial axes.
Tensor numbers(std::int64_t spatial) {
  Rng rng(1);
  return uniform(Shape(std::vector<std::int64_t>{2, 1, 5, 4, 3}.data(), static_cast<std::size_t>(2 + spatial)), rng,
                 0.5, 2, float64);
}

// That a layer is a function, and its derivatives.
template <class Layer, class Function>
void check_layer(const Layer& layer, Function function, std::int64_t spatial) {
  const Tensor x = numbers(spatial);
  const Tensor y = layer(x), expected = function(x);
  CHECK(y.shape() == expected.shape());
  CHECK(y.to_vector() == expected.to_vector());
  CHECK(layer(select(x, 0, 0)).to_vector() == select(y, 0, 0).to_vector());
  CHECK(layer(slice(x, 0, 0, 0)).numel() == 0);
  const auto report = check_gradient([&](const Tensor& t) { return layer(t); }, {x}, {.order = 2});
  INFO(report.text());
  CHECK(report.verdict == Verdict::pass);
  CHECK(layer.state().empty());
}

const PoolingOptions options{.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false};

TEST_CASE("pooling layers are the functions of their names") {
  check_layer(
      nn::MaxPool1d(3, options), [](const Tensor& x) { return max_pool1d(x, 3, options); }, 1);
  check_layer(
      nn::MaxPool2d({3, 2}, options),
      [](const Tensor& x) {
        return max_pool2d(x, {3, 2}, options);
      },
      2);
  check_layer(
      nn::MaxPool3d(2), [](const Tensor& x) { return max_pool3d(x, 2); }, 3);
  check_layer(
      nn::AvgPool1d(3, options), [](const Tensor& x) { return avg_pool1d(x, 3, options); }, 1);
  check_layer(
      nn::AvgPool2d({3, 2}, options),
      [](const Tensor& x) {
        return avg_pool2d(x, {3, 2}, options);
      },
      2);
  check_layer(
      nn::AvgPool3d(2), [](const Tensor& x) { return avg_pool3d(x, 2); }, 3);
  check_layer(
      nn::LpPool1d(3, 2), [](const Tensor& x) { return lp_pool1d(x, 3, 2); }, 1);
  check_layer(
      nn::LpPool2d(2, {2, 1}, {.stride = 1}),
      [](const Tensor& x) {
        return lp_pool2d(x, 2, {2, 1}, {.stride = 1});
      },
      2);
  check_layer(
      nn::LpPool3d(2, 2), [](const Tensor& x) { return lp_pool3d(x, 2, 2); }, 3);
}

TEST_CASE("adaptive pooling layers are the functions of their names") {
  check_layer(
      nn::AdaptiveMaxPool1d(3), [](const Tensor& x) { return adaptive_max_pool1d(x, 3); }, 1);
  check_layer(
      nn::AdaptiveMaxPool2d({3, 2}),
      [](const Tensor& x) {
        return adaptive_max_pool2d(x, {3, 2});
      },
      2);
  check_layer(
      nn::AdaptiveMaxPool3d(2), [](const Tensor& x) { return adaptive_max_pool3d(x, 2); }, 3);
  check_layer(
      nn::AdaptiveAvgPool1d(3), [](const Tensor& x) { return adaptive_avg_pool1d(x, 3); }, 1);
  check_layer(
      nn::AdaptiveAvgPool2d({3, 2}),
      [](const Tensor& x) {
        return adaptive_avg_pool2d(x, {3, 2});
      },
      2);
  check_layer(
      nn::AdaptiveAvgPool3d(1), [](const Tensor& x) { return adaptive_avg_pool3d(x, 1); }, 3);
}

template <class Pool, class Unpool>
void check_back(const Pool& pool, const Unpool& unpool, std::int64_t spatial) {
  const Tensor x = numbers(spatial);
  const auto [values, indices] = pool.with_indices(x);
  CHECK(values.to_vector() == pool(x).to_vector());
  const std::vector<std::int64_t> sizes(x.shape().begin() + 2, x.shape().end());
  const Tensor back = unpool(values, indices, sizes);
  REQUIRE(back.shape() == x.shape());
  // The maxima in their places, and zeros.
  Numbers expected = x.to_vector();
  const Numbers maxima = values.to_vector();
  for (double& number : expected)
    if (std::find(maxima.begin(), maxima.end(), number) == maxima.end()) number = 0;
  CHECK(back.to_vector() == expected);
}

TEST_CASE("MaxUnpool puts the maxima back to where MaxPool found them") {
  check_back(nn::MaxPool1d(2), nn::MaxUnpool1d(2), 1);
  check_back(nn::MaxPool2d({2, 3}, {.stride = {2, 1}}), nn::MaxUnpool2d({2, 3}, {.stride = {2, 1}}), 2);
  check_back(nn::MaxPool3d(2), nn::MaxUnpool3d(2), 3);
  const Pooled pooled = nn::MaxPool1d(2).with_indices(tensor({{1.0, 3.0, 4.0, 2.0}}));
  CHECK(nn::MaxUnpool1d(2)(pooled.values, pooled.indices).to_vector() == Numbers{0, 3, 4, 0});
  const Pooled adaptive = nn::AdaptiveMaxPool1d(2).with_indices(tensor({{1.0, 3.0, 4.0, 2.0}}));
  CHECK(adaptive.indices.to_vector() == Numbers{1, 2});
}

TEST_CASE("pooling layers are steps of a Sequential, with the names of their types") {
  const nn::Sequential model(nn::MaxPool2d(2), nn::AvgPool2d(2), nn::AdaptiveAvgPool2d(1), nn::LpPool2d(2, 1));
  CHECK(model(ones({1, 3, 8, 8})).shape() == Shape{1, 3, 1, 1});
  const std::string text = model.to_string();
  for (const char* name : {"0: MaxPool2d", "1: AvgPool2d", "2: AdaptiveAvgPool2d", "3: LpPool2d"})
    CHECK(text.find(name) != std::string::npos);
}

TEST_CASE("pooling layers refuse what their functions refuse, at the user's line") {
  const nn::MaxPool2d layer(2);
  throws<ShapeError>("max_pool2d: needs [N, C] and 2 spatial axes, or [C] and those, got [4, 4] f32").by([&] {
    layer(ones({4, 4}));
  });
  CHECK_THROWS_AS(nn::MaxPool2d({1, 2, 3})(ones({1, 1, 4, 4})), ValueError);
  CHECK_THROWS_AS(nn::AvgPool1d(0)(ones({1, 1, 4})), ValueError);
  CHECK_THROWS_AS(nn::AvgPool1d(2, {.padding = 2})(ones({1, 1, 4})), ValueError);
  CHECK_THROWS_AS(nn::LpPool1d(0, 2)(ones({1, 1, 4})), ValueError);
  CHECK_THROWS_AS(nn::AdaptiveAvgPool1d(0)(ones({1, 1, 4})), ValueError);
  CHECK_THROWS_AS(nn::MaxUnpool1d(2)(ones({1, 1, 2}), tensor({{{0, 9}}})), IndexError);
}

}  // namespace
}  // namespace xgrad::pooling_test
