#pragma once

#include <optional>

#include "nn/dropout.hpp"
#include "nn/linear.hpp"
#include "nn/positions.hpp"

namespace xgrad::nn {

struct MultiHeadAttentionOptions {
  std::optional<std::int64_t> kdim{}, vdim{};  ///< features of keys and values; those of queries unless given
  bool bias = true;
  double dropout = 0;        ///< of the weights, in training
  bool batch_first = false;  ///< [N, L, E] in place of [L, N, E]
  /// Queries and keys of each head are turned by their places (see `rotary`), which count from what is in the cache.
  std::optional<RotaryOptions> rotary{};
  DType dtype = float32;
};

/// Projected keys and values of what came before, [N, heads, S, D]; undefined where nothing did.
struct KeysAndValues {
  Tensor keys{}, values{};
  std::int64_t length() const { return keys.defined() ? keys.size(-2) : 0; }
};

/// What one call of attention leaves out. IN ALL MASKS TRUE TAKES PART, which is the opposite of PyTorch's attn_mask
/// and key_padding_mask: negate those.
struct AttentionCall {
  Tensor mask{};      ///< [L, S], [N, L, S] or [N, heads, L, S]; bool, or floating, which is added to the scores
  Tensor key_mask{};  ///< bool [N, S], or [S] without a batch: false for padding
  bool causal = false;
  /// The keys and values of this call are put behind these, and all of them are looked at. With `causal` a query sees
  /// all that came before.
  KeysAndValues* cache = nullptr;
};

/// What attention gives, and by which weights, [N, heads, L, S], before dropout.
struct Attended {
  Tensor output, weights;
};

/// concat of heads h_i = softmax(q_i k_i^T / sqrt(D)) v_i, projected to E features; q_i, k_i and v_i are projections of
/// query, key and value to D = E / heads features (Vaswani et al., "Attention is all you need", 2017). A query none of
/// whose keys take part gets the bias of out_proj alone, without NaN.
///
/// Weights have PyTorch's names: in_proj_weight [3 E, E] for query, key and value, one after the other, or, where keys
/// or values have other sizes, q_proj_weight [E, E], k_proj_weight [E, kdim], v_proj_weight [E, vdim]; in_proj_bias
/// [3 E]; out_proj. Projections begin with U(-a, a), a = sqrt(6 / (in + out)), biases with 0.
class MultiHeadAttention : public Module {
 public:
  /// ValueError unless sizes are positive, E is a multiple of the heads and dropout is in [0, 1]; with `rotary`, unless
  /// heads have an even number of features.
  MultiHeadAttention(std::int64_t features, std::int64_t heads, const MultiHeadAttentionOptions& options = {},
                     Rng& rng = default_rng(), const Location& where = Location::current());

  /// query [L, N, E], key [S, N, kdim] and value [S, N, vdim] give [L, N, E]; without a batch [L, E], and so on.
  Tensor operator()(const Operand& query, const Operand& key, const Operand& value,
                    const AttentionCall& call = {}) const {
    return attend(query, key, value, call).output;
  }
  /// The same with the weights.
  Attended attend(const Operand& query, const Operand& key, const Operand& value, const AttentionCall& call = {}) const;
  void visit(Visitor& visitor) override;

  Parameter in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight;
  Parameter in_proj_bias;  ///< undefined without bias
  Linear out_proj;

 private:
  Tensor projected(const Tensor& x, int which) const;
  Tensor joint_mask(const AttentionCall& call, bool batched, const Shape& scores, const Location& where) const;

  std::int64_t features_, heads_;
  bool batch_first_;
  std::optional<RotaryOptions> rotary_;
  std::optional<Dropout> dropout_;
};

}  // namespace xgrad::nn
