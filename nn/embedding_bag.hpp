#pragma once

#include "nn/embedding.hpp"

namespace xgrad::nn {

/// What is made of the rows of a bag.
enum class BagMode { sum, mean, max };

struct EmbeddingBagOptions {
  BagMode mode = BagMode::mean;
  /// Such indices are left out of their bags, and of the number that a mean divides by.
  std::optional<std::int64_t> padding_index{};
  std::optional<double> max_norm{};  ///< see EmbeddingOptions
  double norm_type = 2;
  DType dtype = float32;
};

/// The sum, mean or largest elements of the rows of a table that each bag of indices names: (B, width), zeros for a bag
/// without indices. Weight [count, width], drawn from N(0, 1).
class EmbeddingBag : public Module {
 public:
  /// As for an Embedding.
  EmbeddingBag(std::int64_t count, std::int64_t width, EmbeddingBagOptions options = {}, Rng& rng = default_rng(),
               const Location& where = Location::current());
  explicit EmbeddingBag(const Tensor& weight, EmbeddingBagOptions options = {},
                        const Location& where = Location::current());

  /// For an index (B, n): bags of n. A sum may weigh its rows, by weights of the shape of the index. ShapeError for
  /// what does not fit, ValueError for weights beside mean or max.
  Tensor operator()(const Operand& index, const Tensor& weights = {}) const;
  /// For an index (n): bag i are the indices from offsets[i] until the next offset, or the end. ValueError unless the
  /// offsets (B) begin with 0, do not descend, and are at most n. Evaluates the offsets.
  Tensor in_bags(const Operand& index, const Tensor& offsets, const Tensor& weights = {}) const;
  void visit(Visitor& visitor) override { visitor(table); }

  Embedding table;

 private:
  struct Rows {
    Tensor values, counted;  // those of the index, and whether each counts, with axes of their own behind
  };
  Rows rows_of(const Tensor& index, const Tensor& weights, const Location& where) const;

  BagMode mode_;
  std::optional<std::int64_t> padding_;
};

}  // namespace xgrad::nn
