#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/core/view.hpp"
#include "autograd/tape/examples.hpp"
#include "autograd/tape/lowering.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

class Access;

/// The shape and dtype of a result, which `infer` finds.
struct Signature {
  Shape shape;
  DType dtype;
};

/// Receives the named arguments of a primitive (axes, steps, ...), for printing, comparing and hashing entries.
class Fields {
 public:
  virtual void field(const char* name, std::int64_t value) = 0;
  virtual void field(const char* name, double value) = 0;
  virtual void field(const char* name, const Shape& value) = 0;

  /// An argument that only `run` reads, and neither the result's shape nor `lower` depends on: where a slice begins
  /// that moves from step to step, say. Entries that differ in it have different values but share a plan.
  virtual void dynamic(const char* name, std::int64_t value) { field(name, value); }
  virtual void dynamic(const char* name, double value) { field(name, value); }

  void operator()(const char* name, std::int64_t value) { field(name, value); }
  void operator()(const char* name, bool value) { field(name, std::int64_t{value}); }
  void operator()(const char* name, double value) { field(name, value); }
  void operator()(const char* name, const Shape& value) { field(name, value); }
  void operator()(const char* name, AxisSet value) {
    std::vector<std::int64_t> list;
    for (std::int64_t axis = 0; axis < max_ndim; ++axis)
      if (value.contains(axis)) list.push_back(axis);
    field(name, Shape(list));
  }

 protected:
  ~Fields() = default;
};

/// An operation with a derivative rule. Each entry holds an object of its primitive, with the arguments.
/// Primitives are written by deriving from `Operation` (or a family in ops/), which supplies what can be derived.
class Primitive {
 public:
  /// Two entries of one primitive with equal inputs and equally described arguments have one value, which is computed
  /// once. A primitive whose arguments cannot be described declares
  ///     static constexpr bool mergeable = false;
  /// and each of its entries is computed.
  static constexpr bool mergeable = true;

  virtual ~Primitive() = default;

  virtual const char* name() const = 0;
  /// Checks the inputs and gives the result's shape and dtype.
  virtual Signature infer(std::span<const Tensor> inputs, const Location& where) const = 0;
  /// Whether it has a derivative rule.
  virtual bool differentiable() const = 0;
  /// The cotangent of input number `input`, given the cotangent `g` of the output: recorded with primitives, linear
  /// in `g`. An undefined Tensor stands for zero.
  virtual Tensor pullback(std::size_t input, const Tensor& g, std::span<const Tensor> inputs,
                          const Tensor& output) const = 0;
  /// The reference kernel: writes every element of `output`.
  virtual void run(std::span<const View> inputs, const View& output, const Location& where) const = 0;
  /// What an executor knows of this operation.
  virtual Lowering lower() const { return {}; }
  /// For primitives that move elements (strided, shifted, broadcast, transposition): changes the Access of input 0 into
  /// that of the result; for Kind::strided_sum, the Access of the result into the places where input 0 is added. Only
  /// offsets and bounds may depend on dynamic arguments. Returns false where no Access describes the result.
  virtual bool move(Access&) const { return false; }
  /// Describes the arguments: everything that the result depends on, except the inputs and the result's own shape and
  /// dtype. A primitive with data members but without a `describe`, of its own or of a family that has all these
  /// members, does not compile (unless it is not `mergeable`). No check sees a member that `describe` leaves out: two
  /// entries that differ in it would be taken for one.
  virtual void describe(Fields&) const {}
  /// The batching rule: records this operation on many examples at once, with primitives; the result has them along an
  /// additional first axis. Without a rule (an undefined Tensor) vmap records one example after another. An operation
  /// whose leading axes are a batch anyway needs only `return record_spread(*this, examples);`. One that draws random
  /// numbers gives each example its own.
  virtual Tensor batched(const Examples&) const { return {}; }
  /// Makes a copy: in `place` if `size` bytes are enough, else on the heap.
  virtual const Primitive* copy(void* place, std::size_t size) const = 0;
};

/// The ids of all primitives of this program, sorted.
std::vector<std::string> primitive_ids();

namespace detail {
bool register_primitive(const char* id);
}

/// Supplies `name`, `differentiable` and `pullback` from `Self::id` and, where there is one,
///     Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor& output) const.
template <class Self>
class Operation : public Primitive {
 public:
  const char* name() const final { return registered ? Self::id : ""; }
  const Primitive* copy(void* place, std::size_t size) const final {
    return sizeof(Self) <= size ? new (place) Self(self()) : new Self(self());
  }
  bool differentiable() const override {
    return requires(const Self& self, const Tensor& t) { self.vjp(std::size_t{}, t, std::span<const Tensor>{}, t); };
  }
  Tensor pullback([[maybe_unused]] std::size_t input, [[maybe_unused]] const Tensor& g,
                  [[maybe_unused]] std::span<const Tensor> inputs,
                  [[maybe_unused]] const Tensor& output) const override {
    if constexpr (requires { self().vjp(input, g, inputs, output); }) return self().vjp(input, g, inputs, output);
    return {};
  }

 protected:
  const Self& self() const { return static_cast<const Self&>(*this); }

 private:
  static inline const bool registered = detail::register_primitive(Self::id);
};

}  // namespace xgrad
