// Attention and transformers: the same sizes and options as in layers.py. What PyTorch's masks leave out takes part
// here where it is negated.

#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"
#include "nn/transformer.hpp"
#include "tests/exchange/layer.hpp"

namespace xgrad::exchange {

namespace {

/// The output, and the weights, of which PyTorch gives the mean over the heads unless it is asked for all.
Tensors attend(const nn::MultiHeadAttention& attention, const Tensors& x) {
  const nn::Attended result = attention.attend(x[0], x[1], x[2]);
  return {result.output, mean(result.weights, 1)};
}
Tensors attend_with_masks(const nn::MultiHeadAttention& attention, const Tensors& x) {
  const nn::Attended result = attention.attend(x[0], x[1], x[2], {.mask = !x[4], .key_mask = !x[3]});
  return {result.output, result.weights};
}

}  // namespace

std::vector<Layer> attention_layers() {
  const nn::MultiHeadAttentionOptions other_sizes{.kdim = 5, .vdim = 6, .bias = false, .batch_first = true};
  return {row(
              "multihead_attention", [] { return nn::MultiHeadAttention(8, 2, {.batch_first = true}); }, attend),
          row(
              "multihead_attention_of_other_sizes", [=] { return nn::MultiHeadAttention(8, 2, other_sizes); }, attend),
          row(
              "multihead_attention_with_masks", [] { return nn::MultiHeadAttention(8, 2, {.batch_first = true}); },
              attend_with_masks)};
}

std::vector<Layer> transformer_layers() {
  const nn::TransformerOptions plain{.dim_feedforward = 12, .dropout = 0, .batch_first = true};
  nn::TransformerOptions norm_first = plain, final_norm = plain;
  norm_first.norm_first = true;
  final_norm.final_norm = true;
  nn::TransformerOptions norm_first_of_gelu = norm_first;
  norm_first_of_gelu.activation = gelu;
  return {row("transformer_encoder_layer", [=] { return nn::TransformerEncoderLayer(8, 2, plain); }),
          row("transformer_encoder_layer_norm_first",
              [=] { return nn::TransformerEncoderLayer(8, 2, norm_first_of_gelu); }),
          row(
              "transformer_decoder_layer", [=] { return nn::TransformerDecoderLayer(8, 2, plain); },
              [](const nn::TransformerDecoderLayer& layer, const Tensors& x) { return Tensors{layer(x[0], x[1])}; }),
          row(
              "transformer_encoder", [=] { return nn::TransformerEncoder(8, 2, 2, final_norm); },
              [](const nn::TransformerEncoder& stack, const Tensors& x) {
                return Tensors{stack(x[0], {.key_mask = !x[1], .causal = true})};
              }),
          row(
              "transformer_decoder", [=] { return nn::TransformerDecoder(8, 2, 2, norm_first); },
              [](const nn::TransformerDecoder& stack, const Tensors& x) {
                return Tensors{stack(x[0], x[1], {.self = {.causal = true}, .memory = {.key_mask = !x[2]}})};
              })};
}

}  // namespace xgrad::exchange
