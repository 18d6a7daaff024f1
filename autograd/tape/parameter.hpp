#pragma once

#include <memory>
#include <span>
#include <vector>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// A cell that holds a Tensor and accumulates a gradient: the only thing that changes. A Parameter is a handle;
/// copies of it refer to the same cell (`clone` makes another). It converts to the Tensor it holds.
class Parameter {
 public:
  struct Cell {
    Tensor value;
    Tensor gradient;
    bool trainable = true;
  };

  Parameter() = default;  ///< a handle to nothing
  /// DTypeError unless the value is floating.
  explicit Parameter(const Tensor& value, const Location& where = Location::current());

  bool defined() const { return cell_ != nullptr; }
  const Tensor& value() const { return cell_->value; }
  operator Tensor() const { return cell_->value; }
  const Shape& shape() const { return cell_->value.shape(); }
  DType dtype() const { return cell_->value.dtype(); }
  std::int64_t numel() const { return cell_->value.numel(); }
  double item(const Location& where = Location::current()) const { return cell_->value.item(where); }

  /// Makes `value` the new value: evaluates it and cuts its history, or keeps the history inside a
  /// DifferentiableUpdates scope. ShapeError or DTypeError when it is not like the present one.
  void assign(const Tensor& value, const Location& where = Location::current());

  /// What `backward` accumulated; undefined before the first time.
  const Tensor& gradient() const { return cell_->gradient; }
  void set_gradient(Tensor gradient) { cell_->gradient = std::move(gradient); }
  void zero_gradient() { cell_->gradient = Tensor(); }

  /// A frozen Parameter is a constant: derivatives do not flow into it.
  bool trainable() const { return cell_->trainable; }
  void set_trainable(bool trainable);

  /// Another cell with the same value.
  Parameter clone() const;
  friend bool operator==(const Parameter& a, const Parameter& b) { return a.cell_ == b.cell_; }

  /// The Parameter that holds or held this Tensor as its value; undefined when there is none.
  static Parameter holder(const Tensor& tensor);

 private:
  void check_fits(const Tensor& value, const Location& where) const;
  friend class Assignment;
  /// A leaf of this Parameter, without elements.
  Tensor empty_leaf(const Shape& shape, DType dtype, bool trainable, const Location& where) const;
  Tensor leaf_of(const Tensor& value, bool trainable, const Location& where) const;
  std::shared_ptr<Cell> cell_;
};

/// New values for Parameters, all or none of them: everything that can fail is done first.
class Assignment {
 public:
  /// ValueError, GraphError, ShapeError or DTypeError for what cannot be assigned.
  Assignment(std::span<const Parameter> parameters, std::span<const Tensor> values, const Location& where);
  /// The values that have to be computed before `commit`; the others are held with their history.
  std::vector<Tensor> needed() const;
  void commit() noexcept;

 private:
  std::vector<Parameter> parameters_;
  std::vector<Tensor> values_;
  std::vector<Tensor> next_;  // leaves without elements; undefined where the value itself is held, with its history
};

/// Evaluates all new values together, then assigns each; when anything fails, none is assigned.
void assign(std::span<const Parameter> parameters, std::span<const Tensor> values,
            const Location& where = Location::current());

}  // namespace xgrad
