#pragma once

#include <vector>

#include "nn/embedding.hpp"
#include "nn/positions.hpp"
#include "nn/transformer.hpp"

namespace xgrad::nn {

struct LanguageModelOptions {
  std::int64_t features = 128;
  std::int64_t heads = 4;
  std::int64_t num_layers = 2;
  std::int64_t dim_feedforward = 512;
  std::int64_t longest = 256;  ///< tokens that it can look at
  bool rotary = false;         ///< turns queries and keys by their places, instead of learning positions
  double dropout = 0.1;        ///< in training
  DType dtype = float32;
};

/// How the next token is chosen from the logits.
struct GenerateOptions {
  double temperature =
      1;  ///< that they are divided by before softmax; with 0 the largest is taken (the first, of equal ones)
  std::int64_t top_k = 0;  ///< draws among so many with the largest logits (and their equals) alone; 0: among all
};

/// The logits of the next token at each place, from the tokens up to there: embedded, with learned positions, through a
/// causal transformer with the norm first and gelu, to a score for each token of the vocabulary (Radford et al.,
/// "Language models are unsupervised multitask learners", 2019). Embeddings and positions begin with N(0, 0.02^2).
///
///     nn::LanguageModel model(65, {.num_layers = 4});
///     Tensor loss = nn::cross_entropy(model(tokens), next, {.axis = -1});
///     model.eval();
///     Tensor text = model.generate(prompt, 200, {.temperature = 0.8});
class LanguageModel : public Module {
 public:
  /// The keys and values of the tokens so far: with them, what comes next is computed for the new tokens alone.
  struct Cache {
    std::vector<KeysAndValues> layers;
    std::int64_t length() const { return layers.empty() ? 0 : layers[0].length(); }
  };

  /// ValueError for sizes below 1 and features that the heads cannot share.
  explicit LanguageModel(std::int64_t vocabulary, const LanguageModelOptions& options = {}, Rng& rng = default_rng(),
                         const Location& where = Location::current());

  /// int64 [N, L], or [L], gives [N, L, vocabulary]. ValueError for more tokens than the longest, IndexError, perhaps
  /// only when it is evaluated, for tokens outside the vocabulary.
  Tensor operator()(const Operand& tokens) const;
  /// The same for tokens that follow those in the cache, to which they are added.
  Tensor operator()(const Operand& tokens, Cache& cache) const;

  /// The tokens with `count` more behind them, one after the other; evaluates each. In training mode dropout acts here,
  /// too: call eval() before. ValueError for no tokens to begin with, more than the longest in all, a temperature below
  /// 0 and a top_k below 0.
  Tensor generate(const Operand& tokens, std::int64_t count, const GenerateOptions& options = {},
                  Rng& rng = default_rng()) const;
  void visit(Visitor& visitor) override;

  Embedding embedding;
  std::optional<LearnedPositions> positions;  ///< not with rotary
  TransformerEncoder transformer;
  Linear output;

 private:
  std::int64_t longest_;
  std::optional<Dropout> dropout_;
};

}  // namespace xgrad::nn
