#include "optim/rows.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad::optim {

RowOptimizer::RowOptimizer(Parameter table, Transformation rule, const Location& where)
    : table_(std::move(table)), rule_(std::move(rule)) {
  check<ShapeError>(table_.shape(where).ndim() > 0, where, "RowOptimizer: the table has no rows: ", describe(table_));
  const NoGrad untracked;
  for (const Tensor& slot : rule_.init(table_.value(), where)) {
    check<ShapeError>(slot.shape() == table_.shape(), where, "RowOptimizer: the rule has state ", describe(slot),
                      ", not like the table ", describe(table_));
    state_.emplace_back(slot, where).set_trainable(false);
  }
  table_.set_optimised();
}

RowOptimizer::RowOptimizer(const RowOptimizer& other)
    : Stateful(other), table_(other.table_), rule_(other.rule_), steps_(other.steps_) {
  for (const Parameter& slot : other.state_) state_.push_back(slot.clone());
}

void RowOptimizer::step(const Tensor& index, const Tensor& gradient, const Location& where) {
  const CallScope scope("step", where);
  check<GraphError>(index.defined() && gradient.defined(), where, "step: an undefined Tensor");
  if (!table_.trainable()) return;
  check<DTypeError>(index.dtype() == int64, where, "step: indices must be i64, got ", describe(index));
  check<ShapeError>(index.ndim() == 1, where, "step: needs a list of indices, got ", describe(index));
  std::vector<std::int64_t> rows = index.to_vector<std::int64_t>(where);
  std::ranges::sort(rows);
  const auto twice = std::ranges::adjacent_find(rows);
  check<ValueError>(twice == rows.end(), where, "step: index ", twice == rows.end() ? 0 : *twice, " occurs twice");

  const NoGrad untracked;
  const Tensor values = take(table_, index);
  check<ShapeError>(gradient.shape() == values.shape(), where, "step: the gradient is ", describe(gradient),
                    ", the rows ", describe(values));
  check<DTypeError>(gradient.dtype() == values.dtype(), where, "step: the gradient is ", describe(gradient),
                    ", the rows ", describe(values));
  if (rows.empty()) return;
  Tensors state;
  for (const Parameter& slot : state_) state.push_back(take(slot, index));
  const Transformation::Result result = rule_.update({gradient}, {state}, {values}, steps_, where);
  Tensors next{values + result.updates[0]};
  next.insert(next.end(), result.state[0].begin(), result.state[0].end());
  evaluate(next, where);
  table_.assign_rows(index, next[0], where);
  for (std::size_t i = 0; i < state_.size(); ++i) state_[i].assign_rows(index, next[i + 1], where);
  ++steps_;
}

std::vector<NamedTensor> RowOptimizer::state() const {
  std::vector<NamedTensor> state{{"step", tensor(steps_)}};
  for (std::size_t i = 0; i < state_.size(); ++i) state.push_back({rule_.slots()[i], state_[i].value()});
  return state;
}

void RowOptimizer::load_state(const std::vector<NamedTensor>& saved, const Location& where) {
  const std::vector<Tensor> values = match_state(state(), saved, "load_state", where);
  evaluate(values, where);
  const std::int64_t steps = values[0].item<std::int64_t>(where);
  check<FormatError>(steps >= 0, where, "load_state: step is ", steps);
  steps_ = steps;
  for (std::size_t i = 0; i < state_.size(); ++i) state_[i].assign(values[i + 1], where);
}

}  // namespace xgrad::optim
