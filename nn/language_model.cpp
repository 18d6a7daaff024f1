#include "nn/language_model.hpp"

#include <limits>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/order.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/tape.hpp"
#include "nn/call.hpp"
#include "nn/init.hpp"

namespace xgrad::nn {

namespace {

constexpr double deviation = 0.02;

TransformerOptions transformer_options(const LanguageModelOptions& options) {
  return {.dim_feedforward = options.dim_feedforward,
          .dropout = options.dropout,
          .activation = gelu,
          .batch_first = true,
          .norm_first = true,
          .rotary = options.rotary ? std::optional<RotaryOptions>(RotaryOptions{}) : std::nullopt,
          .final_norm = true,
          .dtype = options.dtype};
}

/// One token for each row of logits [..., vocabulary].
Tensor next_token(Tensor logits, const GenerateOptions& options, Rng& rng) {
  if (options.temperature == 0) return argmax(logits);
  logits = logits / options.temperature;
  if (options.top_k > 0 && options.top_k < logits.shape().back()) {
    const Tensor least = slice(topk(logits, options.top_k).values, -1, -1, {});
    logits = where(logits >= least, logits, -std::numeric_limits<double>::infinity());
  }
  return categorical(logits, rng);
}

}  // namespace

LanguageModel::LanguageModel(std::int64_t vocabulary, const LanguageModelOptions& options, Rng& rng,
                             const Location& where)
    : embedding(
          init::normal({vocabulary, options.features}, rng, {.deviation = deviation, .dtype = options.dtype}, where),
          {}, where),
      transformer(options.features, options.heads, options.num_layers, transformer_options(options), rng, where),
      output(options.features, vocabulary, {.bias = false, .dtype = options.dtype}, rng, where),
      longest_(options.longest) {
  const CallScope scope("LanguageModel", where);
  check<ValueError>(longest_ > 0, where, "LanguageModel: the longest sequence has ", longest_, " tokens");
  if (!options.rotary)
    positions.emplace(longest_, options.features,
                      LearnedPositionsOptions{.deviation = deviation, .dtype = options.dtype}, rng, where);
  if (options.dropout > 0) dropout_.emplace(options.dropout, rng.split(), where);
}

Tensor LanguageModel::operator()(const Operand& tokens) const {
  Cache none;
  return (*this)(tokens, none);
}

Tensor LanguageModel::operator()(const Operand& tokens, Cache& cache) const {
  const Location& where = tokens.where();
  const Call running(*this, "LanguageModel", where);
  const Tensor index = tokens.tensor();
  check<DTypeError>(index.dtype() == int64, where, "LanguageModel: tokens must be i64, got ", describe(index));
  check<ShapeError>(index.ndim() == 1 || index.ndim() == 2, where, "LanguageModel: tokens are [N, L] or [L], got ",
                    describe(index));
  const bool batched = index.ndim() == 2;
  const std::int64_t all = cache.length() + index.shape().back();
  check<ValueError>(all <= longest_, where, "LanguageModel: ", all, " tokens are more than the longest, ", longest_);
  Tensor x = embedding(index);
  if (!batched) x = unsqueeze(x, 0);
  if (positions) x = (*positions)(x, cache.length());
  if (dropout_) x = (*dropout_)(x);
  const Tensor logits = output(transformer(x, {.causal = true}, cache.layers));
  return running.result(batched ? logits : squeeze(logits, 0));
}

Tensor LanguageModel::generate(const Operand& tokens, std::int64_t count, const GenerateOptions& options,
                               Rng& rng) const {
  const Location& where = tokens.where();
  const CallScope scope("generate", where);
  const NoGrad untracked;
  const Tensor prompt = tokens.tensor();
  check<ValueError>(prompt.ndim() > 0 && prompt.shape().back() > 0, where,
                    "generate: needs a token to begin with, got ", describe(prompt));
  const std::int64_t begun = prompt.shape().back();
  check<ValueError>(count >= 0 && begun <= longest_ && count <= longest_ - begun, where, "generate: ", count,
                    " tokens behind ", begun, " are more than the longest, ", longest_);
  check<ValueError>(options.temperature >= 0 && options.top_k >= 0, where, "generate: the temperature ",
                    options.temperature, " or top_k ", options.top_k, " is below 0");
  Cache cache;
  std::vector<Tensor> all{prompt};
  for (std::int64_t i = 0; i < count; ++i) {
    const Tensor logits = (*this)(all.back(), cache);
    const Tensor next = unsqueeze(next_token(select(logits, -2, -1), options, rng), -1);
    std::vector<Tensor> known{next};
    for (const KeysAndValues& layer : cache.layers) known.insert(known.end(), {layer.keys, layer.values});
    evaluate(known, where);
    all.push_back(next);
  }
  return concat(all, -1, where);
}

void LanguageModel::visit(Visitor& visitor) {
  visitor("embedding", embedding);
  visitor("positions", positions);
  visitor("transformer", transformer);
  visitor("output", output);
  visitor("dropout", dropout_);
}

}  // namespace xgrad::nn
