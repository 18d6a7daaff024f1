#pragma once

#include <concepts>
#include <vector>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/operand.hpp"

namespace xgrad {

namespace detail {
/// An entry under construction; it becomes a Tensor with `finish`, or is given back.
class Recording {
 public:
  explicit Recording(std::size_t input_count);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  Entry* operator->() const { return entry_; }
  Tensor finish(const Location& where);
  /// Finishes it as a repetition of `original`: the same operation, recorded now.
  Tensor repeat(const Entry& original);
  /// The entry as it stands.
  Tensor take() { return Tensor::adopt(std::exchange(entry_, nullptr)); }

 private:
  Entry* entry_;
};
}  // namespace detail

/// Appends an entry to the tape of this thread: the result of `primitive` on the inputs. Throws what its `infer`
/// throws; GraphError when an input is undefined, or is tracked and the primitive has no derivative rule.
template <std::derived_from<Primitive> P, std::same_as<Tensor>... Inputs>
Tensor record(const Location& where, P primitive, Inputs... inputs) {
  detail::Recording recording(sizeof...(inputs));
  recording->emplace(std::move(primitive));
  (recording->add_input(std::move(inputs)), ...);
  return recording.finish(where);
}
template <std::derived_from<Primitive> P>
Tensor record(const Location& where, P primitive, std::vector<Tensor> inputs) {
  detail::Recording recording(inputs.size());
  recording->emplace(std::move(primitive));
  for (Tensor& input : inputs) recording->add_input(std::move(input));
  return recording.finish(where);
}

/// A Tensor whose value is there from the start.
Tensor make_leaf(Shape shape, DType dtype, Buffer value, const Location& where);

/// The same value, with derivatives flowing through it from here on whatever its own history: what a function
/// transform differentiates with respect to.
Tensor track(const Operand& x);

}  // namespace xgrad
