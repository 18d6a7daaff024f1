#include "nn/multi_head_attention.hpp"

#include <limits>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/movement.hpp"
#include "nn/attention.hpp"
#include "nn/call.hpp"
#include "nn/init.hpp"

namespace xgrad::nn {

namespace {

std::int64_t checked_features(std::int64_t features, std::int64_t heads, const MultiHeadAttentionOptions& options,
                              const Location& where) {
  check<ValueError>(features > 0 && heads > 0 && features % heads == 0, where, "MultiHeadAttention: ", features,
                    " features are not to be shared by ", heads, " heads");
  check<ValueError>(options.kdim.value_or(1) > 0 && options.vdim.value_or(1) > 0, where,
                    "MultiHeadAttention: needs positive sizes of keys and values");
  check<ValueError>(!options.rotary || features / heads % 2 == 0, where, "MultiHeadAttention: heads of ",
                    features / heads, " features have no pairs to be turned");
  return features;
}

/// x [N, heads, L, D], whose first place has so many before it.
Tensor turned(const Tensor& x, std::optional<RotaryOptions> options, std::int64_t earlier) {
  if (!options) return x;
  options->first += earlier;
  return rotary(x, *options);
}

void check_input(const Tensor& x, const char* name, std::int64_t axes, std::int64_t features, const Location& where) {
  check<ShapeError>(x.ndim() == axes && x.shape().back() == features, where, "MultiHeadAttention: the ", name, " ",
                    describe(x), " is not of ", axes, " axes, the last of size ", features);
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(std::int64_t features, std::int64_t heads,
                                       const MultiHeadAttentionOptions& options, Rng& rng, const Location& where)
    : out_proj(checked_features(features, heads, options, where), features,
               {.bias = options.bias, .dtype = options.dtype}, rng, where),
      features_(features),
      heads_(heads),
      batch_first_(options.batch_first),
      rotary_(options.rotary) {
  const CallScope scope("MultiHeadAttention", where);
  const std::int64_t kdim = options.kdim.value_or(features), vdim = options.vdim.value_or(features);
  const auto draw = [&](std::int64_t rows, std::int64_t columns) {
    return Parameter(init::xavier_uniform({rows, columns}, rng, {.dtype = options.dtype}, where), where);
  };
  if (kdim == features && vdim == features) {
    in_proj_weight = draw(3 * features, features);
  } else {
    q_proj_weight = draw(features, features);
    k_proj_weight = draw(features, kdim);
    v_proj_weight = draw(features, vdim);
  }
  if (options.bias) {
    in_proj_bias = Parameter(zeros({3 * features}, options.dtype, where), where);
    out_proj.bias.assign(zeros({features}, options.dtype, where), where);
  }
  if (options.dropout != 0) dropout_.emplace(options.dropout, rng.split(), where);
}

/// The projection of query (0), key (1) or value (2), as [N, heads, L, D]. Each has a product of its own, for cutting
/// the weight into three is cheaper than cutting the projected features.
Tensor MultiHeadAttention::projected(const Tensor& x, int which) const {
  const std::int64_t begin = which * features_, end = begin + features_;
  const Parameter& own = which == 0 ? q_proj_weight : which == 1 ? k_proj_weight : v_proj_weight;
  const Tensor weight = in_proj_weight.defined() ? slice(in_proj_weight, 0, begin, end) : own.value();
  Tensor product = matmul(x, transpose(weight));
  if (in_proj_bias.defined()) product = product + slice(in_proj_bias, 0, begin, end);
  const Tensor parted = reshape(product, {x.shape()[0], x.shape()[1], heads_, features_ / heads_});
  return permute(parted, batch_first_ ? std::vector<std::int64_t>{0, 2, 1, 3} : std::vector<std::int64_t>{1, 2, 0, 3});
}

/// What is left out by the mask and as padding, in one mask that broadcasts to the scores [N, heads, L, S].
Tensor MultiHeadAttention::joint_mask(const AttentionCall& call, bool batched, const Shape& scores,
                                      const Location& where) const {
  Tensor mask = call.mask;
  if (mask.defined() && batched && mask.ndim() == 3) mask = unsqueeze(mask, 1);
  if (!call.key_mask.defined()) return mask;
  const Shape expected = batched ? Shape{scores[0], scores[3]} : Shape{scores[3]};
  check<ShapeError>(call.key_mask.shape() == expected, where, "MultiHeadAttention: the mask of the keys is ",
                    describe(call.key_mask), ", not ", expected);
  check<DTypeError>(call.key_mask.dtype() == boolean, where,
                    "MultiHeadAttention: the mask of the keys must be bool, true for those that take part; got ",
                    describe(call.key_mask));
  const Tensor keys = reshape(call.key_mask, {scores[0], 1, 1, scores[3]});
  if (!mask.defined()) return keys;
  return mask.dtype() == boolean ? mask & keys : xgrad::where(keys, mask, -std::numeric_limits<double>::infinity());
}

Attended MultiHeadAttention::attend(const Operand& query, const Operand& key, const Operand& value,
                                    const AttentionCall& call) const {
  const Location& where = query.where();
  const Call running(*this, "MultiHeadAttention", where);
  Tensor q = query.tensor(), k = key.tensor(), v = value.tensor();
  const bool batched = q.ndim() == 3, packed = in_proj_weight.defined();
  const std::int64_t axes = batched ? 3 : 2;
  check_input(q, "query", axes, features_, where);
  check_input(k, "key", axes, packed ? features_ : k_proj_weight.shape()[1], where);
  check_input(v, "value", axes, packed ? features_ : v_proj_weight.shape()[1], where);
  if (!batched)
    for (Tensor* x : {&q, &k, &v}) *x = unsqueeze(*x, batch_first_ ? 0 : 1);
  check<ShapeError>(k.shape()[0] == v.shape()[0] && k.shape()[1] == v.shape()[1] &&
                        k.size(batch_first_ ? 0 : 1) == q.size(batch_first_ ? 0 : 1),
                    where, "MultiHeadAttention: the query ", describe(query.tensor()), ", the key ",
                    describe(key.tensor()), " and the value ", describe(value.tensor()), " do not fit together");
  const std::int64_t earlier = call.cache ? call.cache->length() : 0;
  q = turned(projected(q, 0), rotary_, earlier);
  KeysAndValues seen{turned(projected(k, 1), rotary_, earlier), projected(v, 2)};
  if (earlier > 0)
    seen = {concat({call.cache->keys, seen.keys}, 2, where), concat({call.cache->values, seen.values}, 2, where)};
  const Shape scores{q.shape()[0], heads_, q.shape()[2], seen.length()};
  const Tensor weights = attention_weights(
      q, seen.keys, {.mask = joint_mask(call, batched, scores, where), .causal = call.causal, .offset = earlier});
  Tensor heads = matmul(dropout_ ? (*dropout_)(weights) : weights, seen.values);
  heads = permute(heads, batch_first_ ? std::vector<std::int64_t>{0, 2, 1, 3} : std::vector<std::int64_t>{2, 0, 1, 3});
  const Tensor output = out_proj(flatten(heads, 2));
  if (call.cache) *call.cache = seen;  // not before: a call that fails adds nothing
  const std::int64_t batch_axis = batch_first_ ? 0 : 1;
  return {running.result(batched ? output : squeeze(output, batch_axis)), batched ? weights : squeeze(weights, 0)};
}

void MultiHeadAttention::visit(Visitor& visitor) {
  visitor("in_proj_weight", in_proj_weight);
  visitor("q_proj_weight", q_proj_weight);
  visitor("k_proj_weight", k_proj_weight);
  visitor("v_proj_weight", v_proj_weight);
  visitor("in_proj_bias", in_proj_bias);
  visitor("out_proj", out_proj);
  visitor("dropout", dropout_);
}

}  // namespace xgrad::nn
