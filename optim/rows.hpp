#pragma once

#include <cstdint>
#include <vector>

#include "autograd/tape/parameter.hpp"
#include "autograd/tape/state.hpp"
#include "optim/transformation.hpp"

namespace xgrad::optim {

/// Applies a rule to some rows of a table, step by step: of a Parameter whose first axis counts rows, such as the
/// weight of an Embedding, and of the rule's state for them. A step takes time for these rows alone (see
/// Parameter::assign_rows); all others stay as they are, and so does their state, so that a rule with momentum does
/// other than an Optimizer would, by whose rule they would go on moving. (That is PyTorch's SparseAdam.)
///
///     optim::RowOptimizer optimizer(table.weight, optim::adam(1e-3));
///     const nn::EmbeddingRows rows = table.rows(words);
///     optimizer.step(rows.index, grad(loss_of(rows(words)), rows.values));
class RowOptimizer : public Stateful {
 public:
  /// ShapeError for a table without axes, and for a rule whose state is not like the table.
  RowOptimizer(Parameter table, Transformation rule, const Location& where = Location::current());

  /// A copy is of the same table, and has a state of its own, which begins with the same values.
  RowOptimizer(const RowOptimizer& other);
  RowOptimizer(RowOptimizer&&) = default;
  RowOptimizer& operator=(const RowOptimizer& other) { return *this = RowOptimizer(other); }
  RowOptimizer& operator=(RowOptimizer&&) = default;

  /// One step of the rows index[i] with gradient[i]; none where the table is frozen. The rule sees these rows as if
  /// they were a Parameter, which has taken all steps so far. ValueError for an index that occurs twice, IndexError for
  /// one that is out of range, ShapeError or DTypeError for a gradient that does not fit; nothing is changed then.
  void step(const Tensor& index, const Tensor& gradient, const Location& where = Location::current());

  const Parameter& table() const { return table_; }
  std::int64_t steps() const { return steps_; }

  /// `step` (int64) and for each slot of the rule a Tensor like the table.
  std::vector<NamedTensor> state() const override;
  void load_state(const std::vector<NamedTensor>& saved, const Location& where = Location::current()) override;

 private:
  Parameter table_;
  Transformation rule_;
  std::vector<Parameter> state_;  // one for each slot
  std::int64_t steps_ = 0;
};

}  // namespace xgrad::optim
