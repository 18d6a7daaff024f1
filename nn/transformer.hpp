#pragma once

// Transformers (Vaswani et al., "Attention is all you need", 2017), with PyTorch's names of weights.

#include <functional>
#include <optional>
#include <vector>

#include "nn/activations.hpp"
#include "nn/layer_norm.hpp"
#include "nn/multi_head_attention.hpp"

namespace xgrad::nn {

struct TransformerOptions {
  std::int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  std::function<Tensor(const Tensor&)> activation = relu;  ///< relu, gelu, or any other
  double layer_norm_eps = 1e-5;
  bool batch_first = false;  ///< [N, L, E] in place of [L, N, E]
  bool norm_first = false;   ///< normalises what a part reads (Xiong et al., 2020), not what it gives
  bool bias = true;
  std::optional<RotaryOptions> rotary{};  ///< of the attention among the places of x (see MultiHeadAttentionOptions)
  bool final_norm = false;                ///< of stacks: whether what the last layer gives is normalised
  DType dtype = float32;
};

/// With attention a(x) among the places of x and f(x) = linear2(activation(linear1(x))), a layer is
///     y = norm1(x + a(x)),        norm2(y + f(y)),        or with norm_first
///     y = x + a(norm1(x)),        y + f(norm2(y));
/// in training, dropout acts on the weights of attention, on what the activation gives and on what is added.
/// x [L, N, E] keeps its shape; so does [L, E] without a batch. In masks true takes part (see AttentionCall).
class TransformerEncoderLayer : public Module {
 public:
  TransformerEncoderLayer(std::int64_t features, std::int64_t heads, const TransformerOptions& options = {},
                          Rng& rng = default_rng(), const Location& where = Location::current());

  Tensor operator()(const Operand& x, const AttentionCall& call = {}) const;
  void visit(Visitor& visitor) override;

  MultiHeadAttention self_attn;
  Linear linear1, linear2;
  LayerNorm norm1, norm2;

 private:
  std::function<Tensor(const Tensor&)> activation_;
  bool norm_first_;
  std::optional<Dropout> dropout_;
};

/// What one call of a decoder leaves out: of the attention among its own places, and of that to the memory.
struct DecoderCall {
  AttentionCall self{};    ///< most often {.causal = true}
  AttentionCall memory{};  ///< whose keys are those of the memory
};

/// An encoder layer with one more part, between the two: attention to the memory, which is what an encoder gave, by
/// multihead_attn and norm2; norm3 belongs to the last part.
class TransformerDecoderLayer : public Module {
 public:
  TransformerDecoderLayer(std::int64_t features, std::int64_t heads, const TransformerOptions& options = {},
                          Rng& rng = default_rng(), const Location& where = Location::current());

  /// x [L, N, E] and memory [S, N, E] give [L, N, E].
  Tensor operator()(const Operand& x, const Operand& memory, const DecoderCall& call = {}) const;
  void visit(Visitor& visitor) override;

  MultiHeadAttention self_attn, multihead_attn;
  Linear linear1, linear2;
  LayerNorm norm1, norm2, norm3;

 private:
  std::function<Tensor(const Tensor&)> activation_;
  bool norm_first_;
  std::optional<Dropout> dropout_;
};

/// Layers one after the other, and perhaps a normalisation of what the last one gives. The weights of each layer are
/// drawn for themselves (PyTorch's begin equal).
class TransformerEncoder : public Module {
 public:
  /// ValueError for fewer than one layer.
  TransformerEncoder(std::int64_t features, std::int64_t heads, std::int64_t num_layers,
                     const TransformerOptions& options = {}, Rng& rng = default_rng(),
                     const Location& where = Location::current());

  /// ValueError for a cache in the call, of which each layer needs its own.
  Tensor operator()(const Operand& x, const AttentionCall& call = {}) const { return run(x, call, nullptr); }
  /// With a cache for each layer, to which keys and values are added; an empty list becomes as many as there are
  /// layers. ValueError for another number.
  Tensor operator()(const Operand& x, const AttentionCall& call, std::vector<KeysAndValues>& caches) const {
    return run(x, call, &caches);
  }
  void visit(Visitor& visitor) override;

  std::vector<TransformerEncoderLayer> layers;
  std::optional<LayerNorm> norm;

 private:
  Tensor run(const Operand& x, const AttentionCall& call, std::vector<KeysAndValues>* caches) const;
};

class TransformerDecoder : public Module {
 public:
  /// ValueError for fewer than one layer.
  TransformerDecoder(std::int64_t features, std::int64_t heads, std::int64_t num_layers,
                     const TransformerOptions& options = {}, Rng& rng = default_rng(),
                     const Location& where = Location::current());

  /// ValueError for a cache in the call, of which each layer needs its own.
  Tensor operator()(const Operand& x, const Operand& memory, const DecoderCall& call = {}) const;
  void visit(Visitor& visitor) override;

  std::vector<TransformerDecoderLayer> layers;
  std::optional<LayerNorm> norm;
};

}  // namespace xgrad::nn
