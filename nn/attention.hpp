#pragma once

// Attention: means of values, weighted by how well queries fit keys.
//
// MASKS HAVE ONE MEANING HERE: true takes part. That is what PyTorch's scaled_dot_product_attention means by a bool
// mask; its MultiheadAttention and Transformer mean the opposite, true for what is left out (attn_mask,
// key_padding_mask). Negate those: `.mask = !attn_mask, .key_mask = !key_padding_mask`.

#include <cstdint>
#include <optional>

#include "autograd/core/random.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::nn {

struct AttentionOptions {
  /// Broadcasts to [..., L, S]. bool: true where the key takes part. Floating: added to the scores, -inf to leave out.
  Tensor mask{};
  /// Query i sees the keys 0, ..., i + offset, and none after them. The offset is how many keys came before the first
  /// query, such as those of a cache.
  bool causal = false;
  std::int64_t offset = 0;
  double dropout = 0;             ///< of the weights; the caller knows whether it trains
  std::optional<double> scale{};  ///< of the scores; 1 / sqrt(E) unless it is given
};

/// softmax(scale q k^T + mask) over the keys: q [..., L, E] and k [..., S, E] give [..., L, S]; the leading axes
/// broadcast. A query all of whose keys are left out has weights 0, not NaN, and derivatives 0, and so has one without
/// keys. Dropout draws from `rng`. DTypeError for other than floating dtypes, ShapeError for what does not fit,
/// ValueError for E = 0, an offset below 0 and dropout outside [0, 1].
Tensor attention_weights(const Operand& q, const Operand& k, const AttentionOptions& options = {},
                         Rng& rng = default_rng());

/// softmax(scale q k^T + mask) v, with v [..., S, V]: [..., L, V] (Vaswani et al., "Attention is all you need", 2017).
/// A query without a key that takes part gives zeros. Values that are left out have weight 0, which does not hide NaN
/// in them; nor do derivatives hide it in keys. Errors as for attention_weights.
Tensor scaled_dot_product_attention(const Operand& q, const Operand& k, const Operand& v,
                                    const AttentionOptions& options = {}, Rng& rng = default_rng());

}  // namespace xgrad::nn
