#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

class Substitution;

/// A cell that holds a Tensor and accumulates a gradient: the only thing that changes. A Parameter is a handle;
/// copies of it refer to the same cell (`clone` makes another). It converts to the Tensor it holds. Whatever is asked
/// of an undefined handle is a GraphError, except `defined`; it converts to an undefined Tensor.
/// Any thread may read its value and gradient while another one assigns: each gets the old one or the new one, whole.
/// Assigning from several threads at a time loses no handle, but which value comes last is not defined, nor is what a
/// gradient adds up to that several threads accumulate.
class Parameter : public Indexed<Parameter> {
 public:
  /// The value that a Substitution has put in place of a Parameter's own.
  struct Stand {
    const Substitution* substitution;
    Tensor value;
  };
  struct Cell {
    Tensor value;     // only the thread with a Guard reads it directly, others by read()
    Tensor gradient;  // the same
    Shape shape;
    std::atomic<bool> trainable{true};
    Location made;                                  // the line that made the Parameter
    std::atomic<const std::string*> name{nullptr};  // null until it has one
    std::atomic<bool> optimised{false};             // whether an Optimizer was given it
    Tensor own;                                     // its own value, while Substitutions stand in its place
    std::vector<Stand> stands;                      // those Substitutions, the latest last
    // The thread that assigned it last, whether another one has read it since, and the thread whose update may
    // overwrite it.
    std::uint32_t writer = 0, donor = 0;
    bool read_elsewhere = false;
    mutable std::atomic<std::uint32_t> guard{0};  // the lock of a Guard

    /// The value. Waits if another thread's update may be overwriting it.
    Tensor read() const;
    Tensor read_gradient() const;
    /// Makes `next` the value, and removes all Substitutions.
    void hold(const Tensor& next) noexcept;
  };
  /// While a Guard lives, no other thread has one for this cell. It is held for a moment, to copy or exchange handles.
  class Guard {
   public:
    explicit Guard(const Cell& cell) noexcept;
    ~Guard() { guard_.store(0, std::memory_order_release); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    std::atomic<std::uint32_t>& guard_;
  };

  Parameter() = default;  ///< undefined
  /// DTypeError unless the value is floating.
  explicit Parameter(const Tensor& value, const Location& where = Location::current());

  bool defined() const { return cell_ != nullptr; }
  Tensor value(const Location& where = Location::current()) const { return cell("value", where).read(); }
  operator Tensor() const { return cell_ ? cell_->read() : Tensor(); }
  const Shape& shape(const Location& where = Location::current()) const { return cell("shape", where).shape; }
  DType dtype(const Location& where = Location::current()) const { return cell("dtype", where).read().dtype(); }
  std::int64_t numel(const Location& where = Location::current()) const { return cell("numel", where).shape.numel(); }
  double item(const Location& where = Location::current()) const { return cell("item", where).read().item(where); }

  /// Makes `value` the new value: evaluates it and cuts its history, or keeps the history inside a
  /// DifferentiableUpdates scope. ShapeError or DTypeError when it is not like the present one.
  void assign(const Tensor& value, const Location& where = Location::current());

  /// Writes rows[i] over row index[i] of the value, along its first axis; of equal indices the last one wins. Takes
  /// time for these rows alone if nothing else can see the value: no other handle, and no live entry that was recorded
  /// from it (a loss that was differentiated by this Parameter, say). Else the value is copied first, and those keep
  /// the old one. Evaluates, as `assign` does, and has no history: GraphError inside a DifferentiableUpdates scope.
  /// IndexError for an index that is out of range, ShapeError or DTypeError for what does not fit.
  void assign_rows(const Tensor& index, const Tensor& rows, const Location& where = Location::current());
  /// Makes `value`, which may be of another floating dtype, the new value: evaluates it and cuts its history, and
  /// forgets the gradient. ShapeError unless it has the shape of the present one, DTypeError unless it is floating.
  void replace(const Tensor& value, const Location& where = Location::current());

  /// What `backward` accumulated; undefined before the first time.
  Tensor gradient(const Location& where = Location::current()) const { return cell("gradient", where).read_gradient(); }
  void set_gradient(Tensor gradient, const Location& where = Location::current()) {
    set_gradient_of(cell("set_gradient", where), std::move(gradient));
  }
  void zero_gradient(const Location& where = Location::current()) { set_gradient_of(cell("zero_gradient", where), {}); }

  /// A frozen Parameter is a constant: derivatives do not flow into it. The value of a Substitution is not affected.
  bool trainable(const Location& where = Location::current()) const { return cell("trainable", where).trainable; }
  void set_trainable(bool trainable, const Location& where = Location::current());

  /// The name that a module has given it when it listed its Parameters: `hidden.weight`; empty before. Errors use it.
  const std::string& name() const;
  /// Sets the name, unless it has a longer one, which is that of an outer module.
  void set_name(const std::string& name);
  /// The line that made it.
  const Location& made(const Location& where = Location::current()) const { return cell("made", where).made; }
  /// Notes that an Optimizer has it, so that a loss that depends on it gets no warning.
  void set_optimised(const Location& where = Location::current()) { cell("set_optimised", where).optimised = true; }

  /// A new cell with the same value.
  Parameter clone(const Location& where = Location::current()) const;
  friend bool operator==(const Parameter& a, const Parameter& b) { return a.cell_ == b.cell_; }

  /// Whether this Tensor is its value, or will be once all Substitutions are gone.
  bool holds(const Tensor& tensor) const;
  /// The Parameter that holds or held this Tensor as its value; undefined when there is none.
  static Parameter holder(const Tensor& tensor);

 private:
  Cell& cell(const char* call, Location where) const {
    if (!cell_) [[unlikely]]
      refuse_undefined(call, where);
    return *cell_;
  }
  [[noreturn, gnu::cold]] static void refuse_undefined(const char* call, Location where);
  void check_fits(const Tensor& value, const Location& where) const;
  bool write_rows_in_place(const Tensor& index, const Tensor& rows, const Location& where);
  static void set_gradient_of(Cell& cell, Tensor gradient) noexcept;
  friend class Assignment;
  friend class Donation;
  friend class Substitution;
  friend struct std::hash<Parameter>;
  /// A leaf of this Parameter, without elements.
  Tensor empty_leaf(const Shape& shape, DType dtype, bool trainable, const Location& where) const;
  Tensor leaf_of(const Tensor& value, bool trainable, const Location& where) const;
  std::shared_ptr<Cell> cell_;
};

/// `hidden.weight [128, 784] f32`, for messages: put together only when it is printed.
struct ParameterDescription {
  const Parameter& parameter;
};
inline ParameterDescription describe(const Parameter& parameter) { return {parameter}; }
std::ostream& operator<<(std::ostream& out, const ParameterDescription& description);

/// While a Donation lives, an update may overwrite the values of these Parameters, except those that another thread has
/// read since they were assigned. Threads that would read them wait. The update assigns them in the end.
class Donation {
 public:
  explicit Donation(std::span<const Parameter> parameters);
  ~Donation();
  Donation(const Donation&) = delete;
  Donation& operator=(const Donation&) = delete;
  /// The values that may be overwritten.
  const std::vector<Tensor>& values() const { return values_; }
  void add(std::span<const Tensor> others) { values_.insert(values_.end(), others.begin(), others.end()); }

 private:
  std::vector<Parameter> parameters_;
  std::vector<Tensor> values_;
};

/// Assigns new values to Parameters, to all or to none: everything that can fail is done first.
class Assignment {
 public:
  /// ValueError, GraphError, ShapeError or DTypeError for what cannot be assigned.
  Assignment(std::span<const Parameter> parameters, std::span<const Tensor> values, const Location& where);
  /// The values that have to be computed before `commit`; the others keep their history.
  std::vector<Tensor> needed() const;
  void commit() noexcept;

 private:
  std::vector<Parameter> parameters_;
  std::vector<Tensor> values_;
  std::vector<Tensor> next_;  // leaves without elements; undefined where the value keeps its history
};

/// Evaluates all new values together, then assigns each; when anything fails, none is assigned.
void assign(std::span<const Parameter> parameters, std::span<const Tensor> values,
            const Location& where = Location::current());

}  // namespace xgrad

/// Equal Parameters share a cell and have one hash.
template <>
struct std::hash<xgrad::Parameter> {
  std::size_t operator()(const xgrad::Parameter& parameter) const noexcept {
    return std::hash<const void*>()(parameter.cell_.get());
  }
};
