// Recurrent networks, attention, transformers.

#include "tests/nn/layers.hpp"

namespace xgrad::layers {

namespace {

Names names_with(const std::string& prefix, const Names& names) {
  Names all;
  for (const std::string& name : names) all.push_back(prefix + name);
  return all;
}
Names joined(std::initializer_list<Names> lists) {
  Names all;
  for (const Names& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

const Names cell{"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
// Of one layer and direction.
Names of_layer(const std::string& suffix) {
  return {"weight_ih" + suffix, "weight_hh" + suffix, "bias_ih" + suffix, "bias_hh" + suffix};
}

// All that a recurrent network gives, side by side.
Tensor all_of(const nn::RecurrentOutput& given) {
  Tensors parts{given.output};
  for (const Tensor& state : {given.state.h, given.state.c})
    if (state.defined()) parts.push_back(state);
  return concat(parts, 0);
}

const Names attention_names{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"};
Names encoder_names(const std::string& prefix) {
  return joined({names_with(prefix + "self_attn.", attention_names),
                 names_with(prefix, {"linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias", "norm1.weight",
                                     "norm1.bias", "norm2.weight", "norm2.bias"})});
}
Names decoder_names(const std::string& prefix) {
  return joined({names_with(prefix + "self_attn.", attention_names),
                 names_with(prefix + "multihead_attn.", attention_names),
                 names_with(prefix, {"linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias", "norm1.weight",
                                     "norm1.bias", "norm2.weight", "norm2.bias", "norm3.weight", "norm3.bias"})});
}

nn::TransformerOptions options_of(bool norm_first, double dropout = 0) {
  return {.dim_feedforward = 5,
          .dropout = dropout,
          .activation = gelu,
          .batch_first = true,
          .norm_first = norm_first,
          .dtype = float64};
}

// Which keys of three sequences of that length take part; of the last one, only the first.
Tensor some_keys(std::int64_t length) {
  return arange(length) < tensor(std::vector<std::int64_t>{length, length - 1, 1}, {3, 1});
}

std::vector<Row> cells() {
  const std::vector<Shape> wrong{{3, 3}, {3, 3, 2}, {}};
  return {
      row("RNNCell", "", [](Rng& rng) { return nn::RNNCell(2, 3, {.dtype = float64}, rng); },
          {noise({3, 2}), noise({3, 3}, 2)}, {.state = cell, .wrong = wrong}),
      row("GRUCell", "", [](Rng& rng) { return nn::GRUCell(2, 3, {.dtype = float64}, rng); },
          {noise({3, 2}), noise({3, 3}, 2)}, {.state = cell, .wrong = wrong}),
      row(
          "LSTMCell", "", [](Rng& rng) { return nn::LSTMCell(2, 3, {.dtype = float64}, rng); },
          {noise({3, 2}), noise({3, 3}, 2), noise({3, 3}, 3)}, {.state = cell, .wrong = wrong},
          [](const nn::LSTMCell& module, const Tensors& xs) {
            const nn::RecurrentState next = module(xs[0], {xs[1], xs[2]});
            return concat({next.h, next.c}, 1);
          }),
  };
}

std::vector<Row> attention_alone() {
  const auto make = [](nn::MultiHeadAttentionOptions options) {
    options.dtype = float64;
    return [options](Rng& rng) { return nn::MultiHeadAttention(4, 2, options, rng); };
  };
  return {
      row("MultiHeadAttention", "of itself, causal, padded", make({.batch_first = true}),
          {noise({3, 3, 4}), some_keys(3)}, {.state = attention_names, .wrong = {{3, 3, 5}, {4}}},
          [](const auto& module, const Tensors& xs) {
            return module(xs[0], xs[0], xs[0], {.key_mask = xs[1], .causal = true});
          }),
      row("MultiHeadAttention", "of others, with apart projections and a mask of numbers", make({.kdim = 3, .vdim = 1}),
          {noise({5, 3, 4}), noise({3, 3, 3}, 2), noise({3, 3, 1}, 3), noise({5, 3}, 4)},
          {.state = {"q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias", "out_proj.weight",
                     "out_proj.bias"},
           .batch_axes = {1, 1, 1, -1, 1},
           .wrong = {{5, 3, 5}, {5, 2, 4}, {4}}},
          [](const auto& module, const Tensors& xs) { return module(xs[0], xs[1], xs[2], {.mask = xs[3]}); }),
      row("MultiHeadAttention", "rotary, with dropout",
          make({.bias = false, .dropout = 0.4, .batch_first = true, .rotary = nn::RotaryOptions{}}), {noise({3, 3, 4})},
          {.state = {"in_proj_weight", "out_proj.weight", "dropout.rng"},
           .acts_in_training = true,
           .wrong = {{3, 3, 5}}},
          [](const auto& module, const Tensors& xs) { return module(xs[0], xs[0], xs[0]); }),
  };
}

Row encoder_layer(const char* how, bool norm_first, double dropout) {
  Traits traits{.state = encoder_names(""), .acts_in_training = dropout > 0, .wrong = {{3, 3, 5}, {4}}};
  if (dropout > 0) {
    traits.state.insert(traits.state.begin() + 4, "self_attn.dropout.rng");
    traits.state.push_back("dropout.rng");
  }
  return row(
      "TransformerEncoderLayer", how,
      [=](Rng& rng) { return nn::TransformerEncoderLayer(4, 2, options_of(norm_first, dropout), rng); },
      {noise({3, 3, 4}), some_keys(3)}, traits,
      [](const auto& module, const Tensors& xs) { return module(xs[0], {.key_mask = xs[1], .causal = true}); });
}

Row decoder_layer(const char* how, bool norm_first) {
  return row(
      "TransformerDecoderLayer", how,
      [=](Rng& rng) { return nn::TransformerDecoderLayer(4, 2, options_of(norm_first), rng); },
      {noise({3, 3, 4}), noise({3, 5, 4}, 2), some_keys(5)},
      {.state = decoder_names(""), .wrong = {{3, 3, 5}, {2, 3, 4}, {4}}},
      [](const auto& module, const Tensors& xs) {
        return module(xs[0], xs[1], {.self = {.causal = true}, .memory = {.key_mask = xs[2]}});
      });
}

Row language_model(const char* how, bool rotary) {
  const nn::LanguageModelOptions options{.features = 4,
                                         .heads = 2,
                                         .num_layers = 1,
                                         .dim_feedforward = 3,
                                         .longest = 3,
                                         .rotary = rotary,
                                         .dropout = 0,
                                         .dtype = float64};
  const Names positions = rotary ? Names{} : Names{"positions.weight"};
  return row("LanguageModel", how, [options](Rng& rng) { return nn::LanguageModel(5, options, rng); },
             {integers({3, 3}, 5)},
             {.state = joined({{"embedding.weight"},
                               positions,
                               encoder_names("transformer.layers.0."),
                               {"transformer.norm.weight", "transformer.norm.bias", "output.weight"}}),
              .wrong = {{3, 4}, {}}});
}

}  // namespace

std::vector<Row> recurrent() {
  const Tensor lengths = tensor(std::vector<std::int64_t>{3, 0, 2});
  const std::vector<Shape> wrong{{3, 3, 3}, {2}};
  std::vector<Row> all = cells();
  all.push_back(row(
      "RNN", "in both directions, of two layers",
      [](Rng& rng) { return nn::RNN(2, 3, {.num_layers = 2, .bidirectional = true, .dtype = float64}, rng); },
      {noise({3, 3, 2}), lengths},
      {.state = joined({of_layer("_l0"), of_layer("_l0_reverse"), of_layer("_l1"), of_layer("_l1_reverse")}),
       .batch_axes = {1, 0, 1},
       .wrong = wrong},
      [](const nn::RNN& module, const Tensors& xs) { return module(xs[0], {}, xs[1]).output; }));
  all.push_back(row(
      "LSTM", "projected", [](Rng& rng) { return nn::LSTM(2, 3, {.proj_size = 2, .dtype = float64}, rng); },
      {noise({3, 3, 2}), noise({1, 3, 2}, 2), noise({1, 3, 3}, 3), lengths},
      {.state = joined({of_layer("_l0"), {"weight_hr_l0"}}), .batch_axes = {1, 1, 1, 0, 1}, .wrong = wrong},
      [](const nn::LSTM& module, const Tensors& xs) {
        const auto [output, state] = module(xs[0], {xs[1], xs[2]}, xs[3]);
        const Tensor c = slice(state.c, 2, 0, 2) * slice(state.c, 2, 1, 3);  // as wide as h
        return concat({output, state.h, c}, 0);
      }));
  all.push_back(row(
      "GRU", "of two layers", [](Rng& rng) { return nn::GRU(2, 3, {.num_layers = 2, .dtype = float64}, rng); },
      {noise({3, 3, 2}), noise({2, 3, 3}, 2)},
      {.state = joined({of_layer("_l0"), of_layer("_l1")}), .batch_axes = {1, 1, 1}, .wrong = wrong},
      [](const nn::GRU& module, const Tensors& xs) {
        return all_of(module(xs[0], {xs[1], {}}));
      }));
  return all;
}

std::vector<Row> attention() {
  std::vector<Row> all = attention_alone();
  for (Row& each : std::vector<Row>{encoder_layer("the norm after", false, 0),
                                    encoder_layer("the norm before", true, 0), encoder_layer("with dropout", true, 0.4),
                                    decoder_layer("the norm after", false), decoder_layer("the norm before", true),
                                    language_model("", false), language_model("rotary", true)})
    all.push_back(std::move(each));
  nn::TransformerOptions stacked = options_of(true);
  stacked.final_norm = true;
  stacked.dim_feedforward = 3;
  const Names norm{"norm.weight", "norm.bias"};
  all.push_back(row(
      "TransformerEncoder", "", [=](Rng& rng) { return nn::TransformerEncoder(4, 2, 2, stacked, rng); },
      {noise({3, 3, 4}), some_keys(3)},
      {.state = joined({encoder_names("layers.0."), encoder_names("layers.1."), norm}), .wrong = {{3, 3, 5}, {4}}},
      [](const auto& module, const Tensors& xs) { return module(xs[0], {.key_mask = xs[1]}); }));
  all.push_back(row("TransformerDecoder", "", [=](Rng& rng) { return nn::TransformerDecoder(4, 2, 1, stacked, rng); },
                    {noise({3, 3, 4}), noise({3, 1, 4}, 2)},
                    {.state = joined({decoder_names("layers.0."), norm}), .wrong = {{3, 3, 5}, {2, 3, 4}, {4}}}));
  return all;
}

}  // namespace xgrad::layers
