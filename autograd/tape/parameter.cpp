#include "autograd/tape/parameter.hpp"

#include <cstring>
#include <ostream>
#include <set>
#include <thread>

#include "autograd/core/fail.hpp"
#include "autograd/core/mutex.hpp"
#include "autograd/core/never_destroyed.hpp"
#include "autograd/core/no_memory.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/tape/history.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

// After a fork no thread of this process holds a Guard of the parent.
Parameter::Guard::Guard(const Cell& cell) noexcept : guard_(cell.guard) {
  const std::uint32_t mine = forks() + 1;
  for (std::uint32_t now = 0; !guard_.compare_exchange_weak(now, mine, std::memory_order_acquire);) {
    if (now != mine) continue;
    std::this_thread::yield();
    now = 0;
  }
}

Tensor Parameter::Cell::read() const {
  const std::uint32_t reader = Tape::current().thread;
  for (;; std::this_thread::yield()) {
    const Guard alone(*this);
    if (donor != 0 && donor != reader) continue;
    if (reader != writer) const_cast<Cell*>(this)->read_elsewhere = true;
    return value;
  }
}

Tensor Parameter::Cell::read_gradient() const {
  const Guard alone(*this);
  return gradient;
}

// Handles are released after the Guard, because releasing them may run a user's code.
void Parameter::Cell::hold(const Tensor& next) noexcept {
  Tensor old = next, old_own;
  std::vector<Stand> old_stands;
  const Guard alone(*this);
  value.swap(old);
  own.swap(old_own);
  stands.swap(old_stands);
  writer = Tape::current().thread;
  read_elsewhere = false;
}

void Parameter::set_gradient_of(Cell& cell, Tensor gradient) noexcept {
  const Guard alone(cell);
  cell.gradient.swap(gradient);
}

Parameter::Parameter(const Tensor& value, const Location& where) : cell_(std::make_shared<Cell>()) {
  check<GraphError>(value.defined(), where, "Parameter: the value is an undefined Tensor");
  check<DTypeError>(is_floating(value.dtype()), where, "Parameter: derivatives need a floating dtype, got ",
                    describe(value));
  cell_->shape = value.shape();
  cell_->hold(leaf_of(value, true, where));
  cell_->made = CallScope::blame(where);
}

Tensor Parameter::empty_leaf(const Shape& shape, DType dtype, bool trainable, const Location& where) const {
  const Tensor leaf = make_leaf(shape, dtype, Buffer(), where);
  leaf.entry()->tracked = trainable;
  leaf.entry()->segment = 0;
  static_cast<Leaf*>(const_cast<Primitive*>(leaf.entry()->primitive))->cell = cell_;
  return leaf;
}

Tensor Parameter::leaf_of(const Tensor& value, bool trainable, const Location& where) const {
  evaluate(value, where);
  const Tensor leaf = empty_leaf(value.shape(), value.dtype(), trainable, where);
  leaf.entry()->value = value.entry()->value;
  return leaf;
}

void Parameter::refuse_undefined(const char* call, Location where) {
  fail<GraphError>(where, call, ": the Parameter is undefined");
}

void Parameter::check_fits(const Tensor& value, const Location& where) const {
  check<GraphError>(defined(), where, "assign: the Parameter is undefined");
  check<GraphError>(value.defined(), where, "assign: the new value is an undefined Tensor");
  check<ShapeError>(value.shape() == shape(), where, "assign: the parameter is ", describe(this->value()),
                    ", the new value ", describe(value));
  check<DTypeError>(value.dtype() == dtype(), where, "assign: the parameter is ", describe(this->value()),
                    ", the new value ", describe(value));
}

void Parameter::assign(const Tensor& value, const Location& where) { xgrad::assign({this, 1}, {&value, 1}, where); }

namespace {

void check_rows(const Parameter& parameter, const Tensor& index, const Tensor& rows, const Location& where) {
  check<GraphError>(index.defined() && rows.defined(), where, "assign_rows: an undefined Tensor");
  check<GraphError>(!Tape::current().differentiable_updates, where,
                    "assign_rows: has no history, as DifferentiableUpdates ask for; assign all rows");
  check<DTypeError>(index.dtype() == int64, where, "assign_rows: indices must be i64, got ", describe(index));
  check<DTypeError>(rows.dtype() == parameter.dtype(), where, "assign_rows: the parameter is ", describe(parameter),
                    ", the rows ", describe(rows));
  const Shape& shape = parameter.shape();
  Shape expected = shape;
  if (shape.ndim() > 0 && index.ndim() == 1) expected[0] = index.numel();
  check<ShapeError>(shape.ndim() > 0 && index.ndim() == 1 && rows.shape() == expected, where,
                    "assign_rows: the parameter is ", describe(parameter), ", the index ", describe(index),
                    ", the rows ", describe(rows));
}

void write_rows(const Tensor& index, const Tensor& rows, const Buffer& to, const Location& where) {
  const std::size_t row = static_cast<std::size_t>(rows.numel() / index.numel()) * item_size(rows.dtype());
  const auto* from = static_cast<const std::byte*>(rows.entry()->value.data());
  for (const std::int64_t i : index.data<std::int64_t>(where)) {
    std::memcpy(static_cast<std::byte*>(to.data()) + static_cast<std::size_t>(i) * row, from, row);
    from += row;
  }
}

}  // namespace

// Writes the rows into the value's memory if nobody else can see that. Returns whether it did.
bool Parameter::write_rows_in_place(const Tensor& index, const Tensor& rows, const Location& where) {
  const bool own = holder(value(where)) == *this;
  const Guard alone(*cell_);
  const Entry& now = *cell_->value.entry();
  if (!own || now.handles() != 1 || !now.value.unique()) return false;
  write_rows(index, rows, now.value, where);
  return true;
}

// The cell has one handle to its value. Anyone else who may read the old elements has another handle, or one to their
// memory; the new rows here may be a reference to the value itself. A value with a history, which DifferentiableUpdates
// leave behind, is replaced.
void Parameter::assign_rows(const Tensor& index, const Tensor& given, const Location& where) {
  Cell& held = cell("assign_rows", where);
  check_rows(*this, index, given, where);
  const Tensor rows = given;
  evaluate_held({{index, rows, value(where)}}, {}, where);
  kernels::check_indices(index.entry()->view(), shape()[0], "assign_rows", where);
  if (rows.numel() == 0) return;
  if (!write_rows_in_place(index, rows, where)) {
    const Tensor old = value(where);
    const Buffer& elements = old.entry()->value;
    Buffer copy = Buffer::allocate(elements.bytes(), "assign_rows", where);
    std::memcpy(copy.data(), elements.data(), elements.bytes());
    write_rows(index, rows, copy, where);
    const Tensor leaf = empty_leaf(old.shape(), old.dtype(), held.trainable, where);
    leaf.entry()->value = std::move(copy);
    held.hold(leaf);
  }
  History::current().after_assignment();
}

void Parameter::replace(const Tensor& value, const Location& where) {
  Cell& held = cell("replace", where);
  check<GraphError>(value.defined(), where, "replace: the new value is an undefined Tensor");
  check<ShapeError>(value.shape() == shape(), where, "replace: the parameter is ", describe(this->value()),
                    ", the new value ", describe(value));
  check<DTypeError>(is_floating(value.dtype()), where, "replace: derivatives need a floating dtype, got ",
                    describe(value));
  held.hold(leaf_of(value, held.trainable, where));
  set_gradient_of(held, {});
}

void Parameter::set_trainable(bool trainable, const Location& where) {
  Cell& held = cell("set_trainable", where);
  if (trainable == held.trainable) return;
  Tensor& value = held.stands.empty() ? held.value : held.own;
  Tensor next = leaf_of(value, trainable, where);
  const Guard alone(held);
  value.swap(next);
  held.trainable = trainable;
}

Parameter Parameter::clone(const Location& where) const {
  const Cell& held = cell("clone", where);
  Parameter copy(held.read(), where);
  copy.set_trainable(held.trainable, where);
  return copy;
}

const std::string& Parameter::name() const {
  static NeverDestroyed<const std::string> none;
  const std::string* name = cell_ ? cell_->name.load(std::memory_order_acquire) : nullptr;
  return name ? *name : *none;
}

// Several threads may list the Parameters of one model, so names are exchanged atomically and never freed.
void Parameter::set_name(const std::string& name) {
  if (!cell_ || this->name().size() >= name.size()) return;
  static Mutex mutex;
  static NeverDestroyed<std::set<std::string>> names;
  const std::lock_guard lock(mutex);
  cell_->name.store(&*names->insert(name).first, std::memory_order_release);
}

std::ostream& operator<<(std::ostream& out, const ParameterDescription& description) {
  const Parameter& parameter = description.parameter;
  if (!parameter.name().empty()) out << parameter.name() << ' ';
  return parameter.defined() ? out << describe(parameter.value()) : out << "undefined";
}

bool Parameter::holds(const Tensor& tensor) const {
  if (!cell_ || !tensor.defined()) return false;
  const Guard alone(*cell_);
  return cell_->value.entry() == tensor.entry() || cell_->own.entry() == tensor.entry();
}

Parameter Parameter::holder(const Tensor& tensor) {
  Parameter parameter;
  if (!tensor.defined()) return parameter;
  if (const auto* leaf = dynamic_cast<const Leaf*>(tensor.entry()->primitive)) parameter.cell_ = leaf->cell.lock();
  return parameter;
}

Donation::Donation(std::span<const Parameter> parameters) : parameters_(parameters.begin(), parameters.end()) {
  values_.reserve(parameters.size());
  for (const Parameter& parameter : parameters_) {
    Parameter::Cell& cell = *parameter.cell_;
    const Parameter::Guard alone(cell);
    if (cell.read_elsewhere || cell.donor != 0 || cell.writer != Tape::current().thread) continue;
    cell.donor = Tape::current().thread;
    values_.push_back(cell.value);
  }
}

Donation::~Donation() {
  for (const Parameter& parameter : parameters_) {
    const Parameter::Guard alone(*parameter.cell_);
    if (parameter.cell_->donor == Tape::current().thread) parameter.cell_->donor = 0;
  }
}

Assignment::Assignment(std::span<const Parameter> parameters, std::span<const Tensor> values, const Location& where)
    : parameters_(parameters.begin(), parameters.end()), values_(values.begin(), values.end()) {
  check<ValueError>(parameters.size() == values.size(), where, "assign: ", parameters.size(), " parameters, ",
                    values.size(), " values");
  for (std::size_t i = 0; i < values.size(); ++i) parameters[i].check_fits(values[i], where);
  for (const Parameter& parameter : parameters) {
    const bool keeps_history = Tape::current().differentiable_updates && parameter.trainable();
    next_.push_back(keeps_history
                        ? Tensor()
                        : parameter.empty_leaf(parameter.shape(), parameter.dtype(), parameter.trainable(), where));
  }
}

std::vector<Tensor> Assignment::needed() const {
  std::vector<Tensor> needed;
  for (std::size_t i = 0; i < next_.size(); ++i)
    if (next_[i].defined()) needed.push_back(values_[i]);
  return needed;
}

void Assignment::commit() noexcept {
  for (std::size_t i = 0; i < next_.size(); ++i) {
    if (next_[i].defined()) next_[i].entry()->value = values_[i].entry()->value;
    Parameter::Cell& cell = *parameters_[i].cell_;
    cell.hold(next_[i].defined() ? next_[i] : values_[i]);
    if (!next_[i].defined()) values_[i].entry()->source = true;
  }
  if (!Tape::current().differentiable_updates) History::current().after_assignment();
}

void assign(std::span<const Parameter> parameters, std::span<const Tensor> values, const Location& where) try {
  Assignment assignment(parameters, values, where);
  if (const std::vector<Tensor> needed = assignment.needed(); !needed.empty()) evaluate_held(needed, {}, where);
  assignment.commit();
} catch (const std::bad_alloc&) {
  no_memory("assign", where);
}

}  // namespace xgrad
