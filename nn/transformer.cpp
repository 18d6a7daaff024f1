#include "nn/transformer.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/elementwise.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

namespace {

MultiHeadAttention attention(std::int64_t features, std::int64_t heads, const TransformerOptions& options,
                             const std::optional<RotaryOptions>& rotary, Rng& rng, const Location& where) {
  return {features,
          heads,
          {.bias = options.bias,
           .dropout = options.dropout,
           .batch_first = options.batch_first,
           .rotary = rotary,
           .dtype = options.dtype},
          rng,
          where};
}

Linear linear(std::int64_t from, std::int64_t to, const TransformerOptions& options, Rng& rng, const Location& where) {
  return {from, to, {.bias = options.bias, .dtype = options.dtype}, rng, where};
}

LayerNorm layer_norm_of(std::int64_t features, const TransformerOptions& options, const Location& where) {
  return LayerNorm(features, {.eps = options.layer_norm_eps, .bias = options.bias, .dtype = options.dtype}, where);
}

std::optional<Dropout> dropout_of(const TransformerOptions& options, Rng& rng, const Location& where) {
  return options.dropout == 0 ? std::optional<Dropout>() : Dropout(options.dropout, rng.split(), where);
}

Tensor dropped(const std::optional<Dropout>& dropout, const Tensor& x) { return dropout ? (*dropout)(x) : x; }

/// One part of a layer, beside which x goes unchanged.
template <class Part>
Tensor with_part(const Tensor& x, const LayerNorm& norm, bool norm_first, const std::optional<Dropout>& dropout,
                 const Part& part) {
  if (norm_first) return x + dropped(dropout, part(norm(x)));
  return norm(x + dropped(dropout, part(x)));
}

template <class Layer>
std::vector<Layer> stack_of(const char* name, std::int64_t features, std::int64_t heads, std::int64_t count,
                            const TransformerOptions& options, Rng& rng, const Location& where) {
  check<ValueError>(count > 0, where, name, ": needs a layer or more, got ", count);
  std::vector<Layer> layers;
  for (std::int64_t i = 0; i < count; ++i) layers.emplace_back(features, heads, options, rng, where);
  return layers;
}

}  // namespace

TransformerEncoderLayer::TransformerEncoderLayer(std::int64_t features, std::int64_t heads,
                                                 const TransformerOptions& options, Rng& rng, const Location& where)
    : self_attn(attention(features, heads, options, options.rotary, rng, where)),
      linear1(linear(features, options.dim_feedforward, options, rng, where)),
      linear2(linear(options.dim_feedforward, features, options, rng, where)),
      norm1(layer_norm_of(features, options, where)),
      norm2(layer_norm_of(features, options, where)),
      activation_(options.activation),
      norm_first_(options.norm_first),
      dropout_(dropout_of(options, rng, where)) {}

Tensor TransformerEncoderLayer::operator()(const Operand& operand, const AttentionCall& call) const {
  const Call running(*this, "TransformerEncoderLayer", operand.where());
  const auto attend = [&](const Tensor& x) { return self_attn(x, x, x, call); };
  const auto feed = [&](const Tensor& x) { return linear2(dropped(dropout_, activation_(linear1(x)))); };
  const Tensor y = with_part(operand.tensor(), norm1, norm_first_, dropout_, attend);
  return running.result(with_part(y, norm2, norm_first_, dropout_, feed));
}

void TransformerEncoderLayer::visit(Visitor& visitor) {
  visitor("self_attn", self_attn);
  visitor("linear1", linear1);
  visitor("linear2", linear2);
  visitor("norm1", norm1);
  visitor("norm2", norm2);
  visitor("dropout", dropout_);
}

TransformerDecoderLayer::TransformerDecoderLayer(std::int64_t features, std::int64_t heads,
                                                 const TransformerOptions& options, Rng& rng, const Location& where)
    : self_attn(attention(features, heads, options, options.rotary, rng, where)),
      multihead_attn(attention(features, heads, options, {}, rng, where)),
      linear1(linear(features, options.dim_feedforward, options, rng, where)),
      linear2(linear(options.dim_feedforward, features, options, rng, where)),
      norm1(layer_norm_of(features, options, where)),
      norm2(layer_norm_of(features, options, where)),
      norm3(layer_norm_of(features, options, where)),
      activation_(options.activation),
      norm_first_(options.norm_first),
      dropout_(dropout_of(options, rng, where)) {}

Tensor TransformerDecoderLayer::operator()(const Operand& operand, const Operand& memory,
                                           const DecoderCall& call) const {
  const Call running(*this, "TransformerDecoderLayer", operand.where());
  const Tensor known = memory.tensor();
  const auto attend = [&](const Tensor& x) { return self_attn(x, x, x, call.self); };
  const auto look = [&](const Tensor& x) { return multihead_attn(x, known, known, call.memory); };
  const auto feed = [&](const Tensor& x) { return linear2(dropped(dropout_, activation_(linear1(x)))); };
  Tensor y = with_part(operand.tensor(), norm1, norm_first_, dropout_, attend);
  y = with_part(y, norm2, norm_first_, dropout_, look);
  return running.result(with_part(y, norm3, norm_first_, dropout_, feed));
}

void TransformerDecoderLayer::visit(Visitor& visitor) {
  visitor("self_attn", self_attn);
  visitor("multihead_attn", multihead_attn);
  visitor("linear1", linear1);
  visitor("linear2", linear2);
  visitor("norm1", norm1);
  visitor("norm2", norm2);
  visitor("norm3", norm3);
  visitor("dropout", dropout_);
}

TransformerEncoder::TransformerEncoder(std::int64_t features, std::int64_t heads, std::int64_t num_layers,
                                       const TransformerOptions& options, Rng& rng, const Location& where) {
  const CallScope scope("TransformerEncoder", where);
  layers = stack_of<TransformerEncoderLayer>("TransformerEncoder", features, heads, num_layers, options, rng, where);
  if (options.final_norm) norm = layer_norm_of(features, options, where);
}

Tensor TransformerEncoder::run(const Operand& operand, const AttentionCall& call,
                               std::vector<KeysAndValues>* caches) const {
  const Call running(*this, "TransformerEncoder", operand.where());
  check<ValueError>(!call.cache, operand.where(), "TransformerEncoder: takes a list of caches, one for each layer");
  if (caches && caches->empty()) caches->resize(layers.size());
  check<ValueError>(!caches || caches->size() == layers.size(), operand.where(), "TransformerEncoder: has ",
                    layers.size(), " layers, got ", caches ? caches->size() : 0, " caches");
  Tensor x = operand.tensor();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    AttentionCall of_layer = call;
    if (caches) of_layer.cache = &(*caches)[i];
    x = layers[i](x, of_layer);
  }
  return running.result(norm ? (*norm)(x) : x);
}

void TransformerEncoder::visit(Visitor& visitor) {
  visitor("layers", layers);
  visitor("norm", norm);
}

TransformerDecoder::TransformerDecoder(std::int64_t features, std::int64_t heads, std::int64_t num_layers,
                                       const TransformerOptions& options, Rng& rng, const Location& where) {
  const CallScope scope("TransformerDecoder", where);
  layers = stack_of<TransformerDecoderLayer>("TransformerDecoder", features, heads, num_layers, options, rng, where);
  if (options.final_norm) norm = layer_norm_of(features, options, where);
}

Tensor TransformerDecoder::operator()(const Operand& operand, const Operand& memory, const DecoderCall& call) const {
  const Call running(*this, "TransformerDecoder", operand.where());
  check<ValueError>(!call.self.cache && !call.memory.cache, operand.where(),
                    "TransformerDecoder: takes no cache, which its layers would share; call each of them with its own");
  Tensor x = operand.tensor();
  for (const TransformerDecoderLayer& layer : layers) x = layer(x, memory, call);
  return running.result(norm ? (*norm)(x) : x);
}

void TransformerDecoder::visit(Visitor& visitor) {
  visitor("layers", layers);
  visitor("norm", norm);
}

}  // namespace xgrad::nn
