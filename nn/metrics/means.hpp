#pragma once

#include <cstdint>
#include <optional>

#include "autograd/tape/operand.hpp"

namespace xgrad::nn::metrics {

/// The mean of losses, over batches of any sizes: the same number as of all at once. It keeps a sum and a count; a NaN
/// stays.
class MeanLoss {
 public:
  /// The losses of single samples (Reduction::none), of any shape.
  void add(const Operand& losses);
  /// The mean loss of so many samples. ShapeError unless it is one number; ValueError for a count below 0.
  void add(const Operand& mean, std::int64_t count);
  std::int64_t count() const { return count_; }
  /// ValueError for no samples.
  double value(const Location& where = Location::current()) const;
  void reset() { *this = {}; }

 private:
  double total_ = 0;
  std::int64_t count_ = 0;
};

/// The mean of these losses.
double mean_loss(const Operand& losses);

struct PerplexityOptions {
  std::int64_t ignore_index = -100;  ///< tokens of this class do not count
  std::optional<std::int64_t> axis{};
};

/// e to the mean cross-entropy of the tokens that are not ignored (Jelinek, Mercer, Bahl and Baker, 1977), over
/// batches: the same number as of all at once.
class Perplexity {
 public:
  explicit Perplexity(const PerplexityOptions& options = {}) : options_(options) {}

  /// Logits or log-probabilities [N, C, ...] and int64 classes [N, ...], as for `cross_entropy`, whose errors it has.
  void add(const Operand& logits, const Operand& classes);
  std::int64_t count() const { return losses_.count(); }
  /// ValueError for no tokens.
  double value(const Location& where = Location::current()) const;
  void reset() { losses_.reset(); }

 private:
  PerplexityOptions options_;
  MeanLoss losses_;
};

/// The same of one batch.
double perplexity(const Operand& logits, const Operand& classes, const PerplexityOptions& options = {});

}  // namespace xgrad::nn::metrics
