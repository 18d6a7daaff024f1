#include "nn/attention.hpp"

#include <algorithm>
#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/core/infinity.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/ops/triangle.hpp"
#include "nn/dropout.hpp"

namespace xgrad::nn {

namespace {

void check_operands(const Tensor& q, const Tensor& k, const AttentionOptions& options, const Location& where) {
  check<DTypeError>(is_floating(q.dtype()) && q.dtype() == k.dtype(), where,
                    "needs queries and keys of one floating dtype, got ", describe(q), " and ", describe(k));
  check<ShapeError>(q.ndim() >= 2 && k.ndim() >= 2 && q.shape().back() == k.shape().back(), where,
                    "queries and keys need an axis for their places and one for their features, of the "
                    "same size; got ",
                    describe(q), " and ", describe(k));
  check<ValueError>(q.shape().back() > 0, where, "the queries ", describe(q), " have no features");
  check<ValueError>(options.offset >= 0, where, "the offset ", options.offset, " is below 0");
  check<ValueError>(options.dropout >= 0 && options.dropout <= 1, where, "the dropout ", options.dropout,
                    " is not in [0, 1]");
}

void check_mask(const Tensor& mask, const Tensor& scores, const Location& where) {
  check<DTypeError>(mask.dtype() == boolean || mask.dtype() == scores.dtype(), where, "the mask ", describe(mask),
                    " is neither bool nor of the dtype of the scores ", describe(scores));
  check<ShapeError>(broadcast_shapes(mask.shape(), scores.shape(), "mask", where) == scores.shape(), where, "the mask ",
                    describe(mask), " does not broadcast to the scores ", describe(scores));
}

/// softmax over the last axis, and zeros where all is -inf. The maximum is 0 there, so that -inf minus it is -inf.
Tensor softmax_or_zeros(const Tensor& scores) {
  if (scores.numel() == 0) return scores;
  const Tensor highest = max(scores, -1, keep_dims);
  const Tensor e = exp(scores - stop_gradient(where(highest == -infinity, 0, highest)));
  const Tensor total = sum(e, -1, keep_dims);
  return e * reciprocal(where(total == 0, 1, total));
}

Tensor weights_of(const Tensor& q, const Tensor& k, const AttentionOptions& options, Rng& rng, const Location& where) {
  check_operands(q, k, options, where);
  const double scale = options.scale.value_or(1 / std::sqrt(static_cast<double>(q.shape().back())));
  Tensor scores = matmul(q, transpose(k)) * scale;
  if (options.causal) {
    const Tensor no_later = detail::lower_triangle(scores.shape(), options.offset, scores.dtype());
    scores = xgrad::where(no_later, scores, -infinity);
  }
  if (!options.mask.defined()) return dropout(Operand(softmax(scores), where), options.dropout, rng);
  check_mask(options.mask, scores, where);
  scores = options.mask.dtype() == boolean ? xgrad::where(options.mask, scores, -infinity) : scores + options.mask;
  return dropout(Operand(softmax_or_zeros(scores), where), options.dropout, rng);
}

}  // namespace

Tensor attention_weights(const Operand& q, const Operand& k, const AttentionOptions& options, Rng& rng) {
  const CallScope scope("attention_weights", q.where());
  return weights_of(q.tensor(), k.tensor(), options, rng, q.where());
}

Tensor scaled_dot_product_attention(const Operand& q, const Operand& k, const Operand& v,
                                    const AttentionOptions& options, Rng& rng) {
  const CallScope scope("scaled_dot_product_attention", q.where());
  const Tensor values = v.tensor(), keys = k.tensor();
  check<ShapeError>(values.ndim() >= 2 && keys.ndim() >= 2 && values.size(-2) == keys.size(-2), q.where(),
                    "the values ", describe(values), " are not as many as the keys ", describe(keys));
  return matmul(weights_of(q.tensor(), keys, options, rng, q.where()), values);
}

}  // namespace xgrad::nn
