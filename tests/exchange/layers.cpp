// The same layers as in layers.py, each with the same sizes and options.

#include "nn/bilinear.hpp"
#include "nn/convolution.hpp"
#include "nn/embedding.hpp"
#include "nn/embedding_bag.hpp"
#include "nn/linear.hpp"
#include "nn/prelu.hpp"
#include "nn/spectral_norm.hpp"
#include "nn/weight_norm.hpp"
#include "tests/exchange/layer.hpp"

namespace xgrad::exchange {

std::vector<Layer> dense_layers() {
  return {row("linear", [] { return nn::Linear(5, 3); }),
          row("linear_without_bias", [] { return nn::Linear(5, 3, {.bias = false}); }),
          row(
              "bilinear", [] { return nn::Bilinear(4, 5, 3); },
              [](const nn::Bilinear& layer, const Tensors& x) { return Tensors{layer(x[0], x[1])}; }),
          row("embedding", [] { return nn::Embedding(7, 3); }),
          row("embedding_with_padding", [] { return nn::Embedding(7, 3, {.padding_index = 1}); }),
          row("embedding_bag", [] { return nn::EmbeddingBag(7, 3, {.padding_index = 1}); }),
          row(
              "embedding_bag_with_offsets", [] { return nn::EmbeddingBag(7, 3, {.mode = nn::BagMode::sum}); },
              [](const nn::EmbeddingBag& layer, const Tensors& x) { return Tensors{layer.in_bags(x[0], x[1], x[2])}; }),
          row("prelu", [] { return nn::PReLU(); }),
          row("prelu_of_channels", [] { return nn::PReLU(3, {.init = 0.1}); })};
}

std::vector<Layer> reparametrised_layers() {
  constexpr bool evaluation = false;
  return {row("weight_norm", [] { return nn::weight_norm(nn::Linear(5, 3)); }),
          row("weight_norm_of_conv2d", [] { return nn::weight_norm(nn::Conv2d(2, 3, 2)); }),
          row("spectral_norm", [] { return nn::spectral_norm(nn::Linear(5, 3)); }),
          row(
              "spectral_norm_evaluation", [] { return nn::spectral_norm(nn::Linear(5, 3)); }, evaluation)};
}

std::vector<Layer> layers() {
  std::vector<Layer> all;
  for (const auto& table : {dense_layers, convolution_layers, normalisation_layers, recurrent_layers, attention_layers,
                            transformer_layers, reparametrised_layers}) {
    const std::vector<Layer> rows = table();
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

}  // namespace xgrad::exchange
