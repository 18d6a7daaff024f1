// Layers without Parameters: pooling, and what changes shapes.

#include "tests/nn/layers.hpp"

namespace xgrad::layers {

namespace {

const Shape line{3, 2, 7}, image{3, 2, 7, 5}, volume{3, 1, 3, 5, 4};

template <class Pool>
Row pool(std::string layer, Pool made, const Shape& of) {
  return row(std::move(layer), "", [made](Rng&) { return made; }, {noise(of)}, {.wrong = {{3}}});
}

// What was pooled from `of`, unpooled.
template <class Unpool, class WithIndices>
Row unpool(std::string layer, Unpool made, WithIndices with_indices, const Shape& of) {
  const Pooled pooled = with_indices(noise(of));
  return row(std::move(layer), "", [made](Rng&) { return made; }, {noise(pooled.values.shape(), 2), pooled.indices},
             {.wrong = {{2}}});
}

std::vector<Row> maximum() {
  const PoolingOptions overlapping{.stride = 2, .padding = 1, .ceil_mode = true};
  return {
      pool("MaxPool1d", nn::MaxPool1d(3, overlapping), line),
      pool("MaxPool2d", nn::MaxPool2d({3, 2}, {.stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 2}}), image),
      pool("MaxPool3d", nn::MaxPool3d(2, overlapping), volume),
      pool("AdaptiveMaxPool1d", nn::AdaptiveMaxPool1d(3), line),
      pool("AdaptiveMaxPool2d", nn::AdaptiveMaxPool2d({3, 2}), image),
      pool("AdaptiveMaxPool3d", nn::AdaptiveMaxPool3d({2, 3, 1}), volume),
      unpool(
          "MaxUnpool1d", nn::MaxUnpool1d(2), [](const Tensor& x) { return max_pool1d_with_indices(x, 2); }, line),
      unpool(
          "MaxUnpool2d", nn::MaxUnpool2d(2, {.output_size = {7, 5}}),
          [](const Tensor& x) { return max_pool2d_with_indices(x, 2); }, image),
      unpool(
          "MaxUnpool3d", nn::MaxUnpool3d(2, {.output_size = {3, 5, 4}}),
          [](const Tensor& x) { return max_pool3d_with_indices(x, 2); }, volume),
  };
}

}  // namespace

std::vector<Row> pooling() {
  const PoolingOptions overlapping{.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false};
  std::vector<Row> all = maximum();
  for (Row& each : std::vector<Row>{
           pool("AvgPool1d", nn::AvgPool1d(3, overlapping), line),
           pool("AvgPool2d", nn::AvgPool2d({3, 2}, {.stride = {2, 1}, .padding = {1, 0}}), image),
           pool("AvgPool3d", nn::AvgPool3d(2, overlapping), volume),
           pool("LpPool1d", nn::LpPool1d(4, 2), line),
           pool("LpPool2d", nn::LpPool2d(2, {3, 2}, {.stride = {2, 1}}), image),
           pool("LpPool3d", nn::LpPool3d(2, 2), volume),
           pool("AdaptiveAvgPool1d", nn::AdaptiveAvgPool1d(3), line),
           pool("AdaptiveAvgPool2d", nn::AdaptiveAvgPool2d({3, 2}), image),
           pool("AdaptiveAvgPool3d", nn::AdaptiveAvgPool3d({2, 3, 1}), volume),
       })
    all.push_back(std::move(each));
  return all;
}

std::vector<Row> shapes() {
  const auto of = [](std::string layer, std::string how, auto made, const Shape& shape, std::vector<Shape> wrong) {
    return row(std::move(layer), std::move(how), [made](Rng&) { return made; }, {noise(shape)},
               {.wrong = std::move(wrong)});
  };
  return {
      of("Flatten", "", nn::Flatten(), {3, 5, 1, 3}, {}),
      of("Unflatten", "", nn::Unflatten(1, {3, -1}), {3, 15, 3}, {{3, 5, 3}, {3}}),
      of("Upsample", "nearest", nn::Upsample({.scale = 2}), line, {{3, 2}}),
      of("Upsample", "bilinear", nn::Upsample({.size = {5, 9}, .mode = Interpolation::bilinear}), image, {{3, 2, 7}}),
      of("Upsample", "bicubic", nn::Upsample({.scale = 1.5, .mode = Interpolation::bicubic, .align_corners = true}),
         image, {{3, 2, 7}}),
      of("PixelShuffle", "", nn::PixelShuffle(3), {3, 9, 1, 5}, {{3, 8, 1, 5}, {9, 5}}),
      of("PixelUnshuffle", "", nn::PixelUnshuffle(3), {3, 1, 3, 9}, {{3, 1, 3, 8}, {3, 9}}),
      of("ChannelShuffle", "", nn::ChannelShuffle(3), {3, 9, 5}, {{3, 8, 5}, {9}}),
  };
}

}  // namespace xgrad::layers
