#pragma once

#include <cstdint>
#include <optional>

#include "nn/module.hpp"

namespace xgrad::nn {

struct EmbeddingOptions {
  /// Its row starts as zeros and gets no gradient. Counted from the end if negative.
  std::optional<std::int64_t> padding_index{};
  /// Rows that are looked up and whose norm is larger are first scaled down to it, in the table, without derivative.
  /// (In functional_call and vmap, where updates have derivatives, and while there is something that was computed from
  /// the table, such as an earlier look-up for the same loss, the table stays, and the factor is a constant.)
  std::optional<double> max_norm{};
  double norm_type = 2;  ///< p of that norm
  DType dtype = float32;
};

/// The rows that a batch needs of a table, each once: see Embedding::rows.
struct EmbeddingRows {
  Tensor index;   ///< which ones: int64 [n], ascending
  Tensor values;  ///< [n, width], by which derivatives are to be taken

  /// What the table's own operator gives: (...) -> (..., width), with derivatives by `values`. IndexError for an index
  /// that is not among these.
  Tensor operator()(const Operand& indices) const;

  std::optional<std::int64_t> padding_index{};
};

/// y = weight[index], a table of vectors: int64 (...) -> (..., width), with weight [count, width], drawn from N(0, 1).
///
/// The gradient by `weight` has the size of the table, and a step of an Optimizer takes time for all of it. Where that
/// is too much, take the rows out, differentiate by them, and hand them to an optim::RowOptimizer: that costs what the
/// rows cost, whatever the size of the table.
///
///     nn::Embedding table(1'000'000, 64);
///     optim::RowOptimizer optimizer(table.weight, optim::adam(1e-3));
///     const nn::EmbeddingRows rows = table.rows(words);
///     const Tensor loss = loss_of(rows(words));
///     optimizer.step(rows.index, grad(loss, rows.values));
class Embedding : public Module {
 public:
  /// ValueError unless both sizes and max_norm are positive; IndexError for a padding index that is out of range.
  Embedding(std::int64_t count, std::int64_t width, EmbeddingOptions options = {}, Rng& rng = default_rng(),
            const Location& where = Location::current());
  /// With this weight (its dtype, and its row for padding as it is). ShapeError unless it has two axes. (To freeze it:
  /// set_trainable(false).)
  explicit Embedding(const Tensor& weight, EmbeddingOptions options = {}, const Location& where = Location::current());

  /// IndexError for an index that is out of range, as negative ones are; perhaps only when it is evaluated. With
  /// max_norm it evaluates the index.
  Tensor operator()(const Operand& index) const;
  /// Those rows alone, as they are now; the table is no part of what is computed from them. Evaluates. (With a frozen
  /// weight derivatives by them exist all the same.)
  EmbeddingRows rows(const Operand& index) const;
  void visit(Visitor& visitor) override { visitor("weight", weight); }
  /// As they were given, the padding index counted from the front.
  const EmbeddingOptions& options() const { return options_; }

  Parameter weight;

 private:
  void take_options(const EmbeddingOptions& options, const Location& where);
  /// The rows at the index, of norm max_norm at most.
  Tensor look_up(const Tensor& index, const Location& where) const;
  void renormalise(const Tensor& index, const Location& where) const;

  EmbeddingOptions options_;
};

}  // namespace xgrad::nn
