// Convolutions, normalisation and a network of them: the same sizes and options as in layers.py.

#include "nn/activations.hpp"
#include "nn/batch_norm.hpp"
#include "nn/convolution.hpp"
#include "nn/layer_norm.hpp"
#include "nn/linear.hpp"
#include "nn/pooling.hpp"
#include "nn/sequential.hpp"
#include "nn/shape.hpp"
#include "tests/exchange/layer.hpp"

namespace xgrad::exchange {

std::vector<Layer> convolution_layers() {
  return {
      row("conv1d", [] { return nn::Conv1d(4, 6, 3, {.stride = 2, .padding = 2, .dilation = 2, .groups = 2}); }),
      row("conv2d",
          [] {
            return nn::Conv2d(2, 3, {3, 2}, {.stride = {2, 1}, .padding = 1});
          }),
      row("conv2d_same", [] { return nn::Conv2d(2, 3, 3, {.padding = Border::same, .bias = false}); }),
      row("conv2d_circular", [] { return nn::Conv2d(2, 3, 3, {.padding = 1, .padding_mode = PadMode::circular}); }),
      row("conv3d", [] { return nn::Conv3d(2, 3, 2); }),
      row("conv_transpose1d", [] { return nn::ConvTranspose1d(4, 6, 3, {.stride = 2, .padding = 1, .groups = 2}); }),
      row("conv_transpose2d",
          [] { return nn::ConvTranspose2d(2, 3, 3, {.stride = 2, .padding = 1, .output_padding = 1}); }),
      row("conv_transpose3d", [] { return nn::ConvTranspose3d(2, 3, 2); }),
      row("convolutional_network", [] {
        return nn::Sequential(nn::Conv2d(1, 4, 3), nn::BatchNorm2d(4), relu, nn::MaxPool2d(2), nn::Flatten(),
                              nn::Linear(36, 5));
      })};
}

std::vector<Layer> normalisation_layers() {
  constexpr bool training = true, evaluation = false;
  return {row("batch_norm1d", [] { return nn::BatchNorm1d(3); }),
          row(
              "batch_norm2d", [] { return nn::BatchNorm2d(3, {.momentum = 0.3}); }, training),
          row(
              "batch_norm2d_evaluation", [] { return nn::BatchNorm2d(3); }, evaluation),
          row("batch_norm3d", [] { return nn::BatchNorm3d(2, {.momentum = std::nullopt, .affine = false}); }),
          row("layer_norm",
              [] {
                return nn::LayerNorm(Shape{3, 4});
              }),
          row("group_norm", [] { return nn::GroupNorm(2, 6); }),
          row("instance_norm1d", [] { return nn::InstanceNorm1d(3); }),
          row("instance_norm2d", [] { return nn::InstanceNorm2d(3, {.affine = true, .track_running_stats = true}); }),
          row(
              "instance_norm2d_evaluation", [] { return nn::InstanceNorm2d(3, {.track_running_stats = true}); },
              evaluation)};
}

}  // namespace xgrad::exchange
