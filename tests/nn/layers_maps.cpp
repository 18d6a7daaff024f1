// Linear maps and convolutions.

#include "tests/nn/layers.hpp"

namespace xgrad::layers {

namespace {
const Names weight_and_bias{"weight", "bias"};
}

std::vector<Row> maps() {
  return {
      row("Linear", "", [](Rng& rng) { return nn::Linear(5, 3, {.dtype = float64}, rng); }, {noise({3, 5})},
          {.state = weight_and_bias, .wrong = {{3, 4}, {}}}),
      row("Linear", "of more axes, without bias",
          [](Rng& rng) { return nn::Linear(3, 1, {.bias = false, .dtype = float64}, rng); }, {noise({3, 1, 5, 3})},
          {.state = {"weight"}, .wrong = {{3, 1, 3, 5}}}),
      row("Bilinear", "", [](Rng& rng) { return nn::Bilinear(3, 5, 2, {.dtype = float64}, rng); },
          {noise({3, 3}), noise({3, 5}, 2)}, {.state = weight_and_bias, .wrong = {{3, 5}, {}}}),
      row("PReLU", "with a weight for each channel", [](Rng&) { return nn::PReLU(5, {.dtype = float64}); },
          {noise({3, 5, 3})}, {.state = {"weight"}, .wrong = {{3, 4, 3}}}),
      row(
          "AdaptiveLogSoftmaxWithLoss", "its output",
          [](Rng& rng) {
            return nn::AdaptiveLogSoftmaxWithLoss(5, 9, {2, 5}, {.div_value = 2, .head_bias = true, .dtype = float64},
                                                  rng);
          },
          {noise({3, 5}), tensor(std::vector<std::int64_t>{8, 0, 3})},
          {.state = {"head.weight", "head.bias", "tail.0.0.weight", "tail.0.1.weight", "tail.1.0.weight",
                     "tail.1.1.weight"},
           .empty_refused = true,
           .wrong = {{3, 4}, {5}}},
          [](const auto& module, const Tensors& xs) { return module(xs[0], xs[1]).output; }),
      row(
          "AdaptiveLogSoftmaxWithLoss", "all log-probabilities",
          [](Rng& rng) { return nn::AdaptiveLogSoftmaxWithLoss(5, 7, {3}, {.dtype = float64}, rng); }, {noise({3, 5})},
          {.state = {"head.weight", "tail.0.0.weight", "tail.0.1.weight"}, .wrong = {{3, 4}, {5}}},
          [](const auto& module, const Tensors& xs) { return module.log_prob(xs[0]); }),
  };
}

std::vector<Row> convolutions() {
  return {
      row("Conv1d", "",
          [](Rng& rng) { return nn::Conv1d(3, 2, 3, {.stride = 2, .padding = 1, .dtype = float64}, rng); },
          {noise({3, 3, 7})}, {.state = weight_and_bias, .wrong = {{3, 2, 7}, {3, 3, 7, 7}, {7}}}),
      row("Conv2d", "in groups, reflected",
          [](Rng& rng) {
            return nn::Conv2d(
                2, 4, {3, 2},
                {.stride = {1, 2}, .padding = 1, .groups = 2, .padding_mode = PadMode::reflect, .dtype = float64}, rng);
          },
          {noise({3, 2, 5, 3})}, {.state = weight_and_bias, .wrong = {{3, 3, 5, 3}, {5, 3}}}),
      row("Conv2d", "of the same size, dilated, without bias",
          [](Rng& rng) {
            return nn::Conv2d(1, 3, 3, {.padding = Border::same, .dilation = 2, .bias = false, .dtype = float64}, rng);
          },
          {noise({3, 1, 5, 7})}, {.state = {"weight"}, .wrong = {{3, 2, 5, 7}}}),
      row("Conv3d", "",
          [](Rng& rng) {
            return nn::Conv3d(1, 2, {2, 3, 1}, {.padding = {0, 1, 0}, .dtype = float64}, rng);
          },
          {noise({3, 1, 3, 5, 1})}, {.state = weight_and_bias, .wrong = {{3, 2, 3, 5, 1}, {3, 5, 1}}}),
      row("ConvTranspose1d", "",
          [](Rng& rng) {
            return nn::ConvTranspose1d(3, 2, 3, {.stride = 2, .padding = 1, .output_padding = 1, .dtype = float64},
                                       rng);
          },
          {noise({3, 3, 5})}, {.state = weight_and_bias, .wrong = {{3, 2, 5}, {5}}}),
      row("ConvTranspose2d", "in groups, dilated",
          [](Rng& rng) {
            return nn::ConvTranspose2d(2, 2, {2, 3},
                                       {.stride = {2, 1}, .groups = 2, .dilation = {1, 2}, .dtype = float64}, rng);
          },
          {noise({3, 2, 3, 5})}, {.state = weight_and_bias, .wrong = {{3, 3, 3, 5}, {5}}}),
      row("ConvTranspose3d", "without bias",
          [](Rng& rng) {
            return nn::ConvTranspose3d(1, 3, {1, 2, 3}, {.bias = false, .dtype = float64}, rng);
          },
          {noise({3, 1, 3, 1, 2})}, {.state = {"weight"}, .wrong = {{3, 2, 3, 1, 2}, {5}}}),
  };
}

}  // namespace xgrad::layers
