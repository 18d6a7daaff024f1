#include "autograd/tape/parameter.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

Parameter::Parameter(const Tensor& value, const Location& where) : cell_(std::make_shared<Cell>()) {
  check<GraphError>(value.defined(), where, "Parameter: the value is an undefined Tensor");
  check<DTypeError>(is_floating(value.dtype()), where, "Parameter: derivatives need a floating dtype, got ",
                    describe(value));
  cell_->value = leaf_of(value, true, where);
}

Tensor Parameter::leaf_of(const Tensor& value, bool trainable, const Location& where) const {
  evaluate(value, where);
  const Entry& from = *value.entry();
  const Tensor leaf = make_leaf(from.shape, from.dtype, from.value, where);
  leaf.entry()->tracked = trainable;
  leaf.entry()->segment = 0;
  static_cast<Leaf*>(const_cast<Primitive*>(leaf.entry()->primitive))->cell = cell_;
  return leaf;
}

Tensor Parameter::held(const Tensor& value, const Location& where) const {
  const bool keeps_history = Tape::current().differentiable_updates && cell_->trainable;
  return keeps_history ? value : leaf_of(value, cell_->trainable, where);
}

void Parameter::check_fits(const Tensor& value, const Location& where) const {
  check<GraphError>(value.defined(), where, "assign: the new value is an undefined Tensor");
  check<ShapeError>(value.shape() == shape(), where, "assign: the parameter is ", describe(cell_->value),
                    ", the new value ", describe(value));
  check<DTypeError>(value.dtype() == dtype(), where, "assign: the parameter is ", describe(cell_->value),
                    ", the new value ", describe(value));
}

void Parameter::assign(const Tensor& value, const Location& where) {
  check_fits(value, where);
  cell_->value = held(value, where);
}

void Parameter::set_trainable(bool trainable) {
  if (trainable == cell_->trainable) return;
  cell_->value = leaf_of(cell_->value, trainable, Location::current());
  cell_->trainable = trainable;
}

Parameter Parameter::clone() const {
  Parameter copy(cell_->value);
  copy.set_trainable(cell_->trainable);
  return copy;
}

Parameter Parameter::holder(const Tensor& tensor) {
  Parameter parameter;
  if (const auto* leaf = dynamic_cast<const Leaf*>(tensor.entry()->primitive)) parameter.cell_ = leaf->cell.lock();
  return parameter;
}

void assign(std::span<const Parameter> parameters, std::span<const Tensor> values, const Location& where) {
  check<ValueError>(parameters.size() == values.size(), where, "assign: ", parameters.size(), " parameters, ",
                    values.size(), " values");
  for (std::size_t i = 0; i < values.size(); ++i) parameters[i].check_fits(values[i], where);
  if (!Tape::current().differentiable_updates) evaluate(values, where);
  std::vector<Tensor> next;
  next.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) next.push_back(parameters[i].held(values[i], where));
  for (std::size_t i = 0; i < values.size(); ++i) parameters[i].cell_->value = next[i];  // nothing fails any more
}

}  // namespace xgrad
