#pragma once

#include <concepts>
#include <new>
#include <vector>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/slab.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

namespace detail {
template <class T>
concept TensorReference = std::same_as<std::remove_cvref_t<T>, Tensor>;

/// An entry under construction. `finish` makes it a Tensor; without that its place is given back.
class Recording {
 public:
  [[gnu::always_inline]] inline Recording() : entry_(Tensor::adopt(EntrySlab::take())) {
    if (tape.thread == 0) [[unlikely]]
      Tape::begin();
    entry()->owner = tape.thread;
  }
  explicit Recording(std::size_t input_count) : Recording() { entry()->reserve_inputs(input_count); }
  Entry* entry() const { return entry_.entry(); }
  Entry* operator->() const { return entry(); }
  /// As the result of `primitive`, which is the entry's: of its own type, or of whatever type it may be.
  template <class P>
  [[gnu::always_inline]] inline Tensor finish(const P& primitive, std::span<const Tensor> inputs,
                                              const Location& where);
  /// Finishes it as a repetition of `original`: the same operation, recorded now.
  Tensor repeat(const Entry& original);
  /// Finishes it as it is, with its location and sequence number.
  Tensor stamped(const Location& where);
  [[noreturn, gnu::cold]] static void refuse_memory(const char* primitive, const Location& where);

 private:
  // Where its type is known, there is nothing to look up.
  template <class P>
  [[gnu::always_inline]] static Signature infer(const P& of, std::span<const Tensor> inputs, const Location& where) {
    if constexpr (std::is_same_v<P, Primitive>)
      return of.infer(inputs, where);
    else
      return of.P::infer(inputs, where);
  }
  template <class P>
  [[gnu::always_inline]] static bool differentiable(const P& primitive) {
    if constexpr (std::is_same_v<P, Primitive>)
      return primitive.differentiable();
    else
      return primitive.P::differentiable();
  }
  void stamp(const Location& where);
  // Lists it in the History.
  void list() const;
  [[noreturn]] static void refuse_input(const Entry& entry, const Tensor& input, const Location& where);
  [[noreturn]] static void refuse_derivative(const Entry& entry, const Location& where);
  static void make_room();
  static void evaluate_now(const Tensor& recorded, const Location& where);

  Tensor entry_;
};

[[gnu::always_inline]] inline void Recording::list() const {
  if (tape.next == tape.end) [[unlikely]]
    make_room();
  *tape.next++ = {entry(), tape.sequence};
}

inline void Recording::stamp(const Location& where) {
  Entry& entry = *this->entry();
  entry.sequence.store(++tape.sequence, std::memory_order_relaxed);
  entry.segment = tape.segment;
  const CallScope* scope = CallScope::current();
  entry.call = scope ? scope->name() : nullptr;
  entry.where = scope ? scope->where() : where;
}

template <class P>
inline Tensor Recording::finish(const P& primitive, std::span<const Tensor> inputs, const Location& where) {
  Entry& entry = *this->entry();
  stamp(where);
  bool tracked = false;
  for (const Tensor& input : inputs) {
    // Computed values of other threads may be read; their histories may not be visited.
    const bool known = input.defined() &&
                       (input.entry()->owner == tape.thread || (input.evaluated() && input.entry()->input_count == 0));
    if (!known) [[unlikely]]
      refuse_input(entry, input, where);
    tracked |= input.entry()->tracked;
  }
  Signature signature = infer(primitive, inputs, where);
  entry.shape = std::move(signature.shape);
  entry.dtype = signature.dtype;
  entry.tracked = tracked && tape.grad && is_floating(entry.dtype);
  if (entry.tracked && !differentiable(primitive)) [[unlikely]]
    refuse_derivative(entry, where);
  if (!inputs.empty()) list();
  if (tape.eager || tape.crowded) [[unlikely]]
    evaluate_now(entry_, where);
  return std::move(entry_);
}

// Records, and throws a LimitError if there is no memory.
template <std::derived_from<Primitive> P, class Record>
[[gnu::always_inline]] inline Tensor recorded(const Location& where, Record record) {
  try {
    return record();
  } catch (const std::bad_alloc&) {
    Recording::refuse_memory(P::id, where);
  }
}
}  // namespace detail

/// Appends an entry to the tape of this thread: the result of `primitive` on the inputs. Throws what its `infer`
/// throws; GraphError when an input is undefined, or is tracked and the primitive has no derivative rule.
template <std::derived_from<Primitive> P>
Tensor record(const Location& where, P primitive, std::vector<Tensor> inputs) {
  return detail::recorded<P>(where, [&] {
    detail::Recording recording(inputs.size());
    const P& held = recording->emplace(std::move(primitive));
    for (Tensor& input : inputs) recording->add_input(std::move(input));
    return recording.finish(held, recording->input_span(), where);
  });
}
template <std::derived_from<Primitive> P, detail::TensorReference... Inputs>
Tensor record(const Location& where, P primitive, Inputs&&... inputs) {
  if constexpr (sizeof...(Inputs) > Entry::inputs_in_place) {
    return record(where, std::move(primitive), std::vector<Tensor>{std::forward<Inputs>(inputs)...});
  } else {
    return detail::recorded<P>(
        where, [&]() __attribute__((always_inline)) {
          detail::Recording recording;
          const P& held = recording->emplace(std::move(primitive));
          const std::span<const Tensor> taken = recording->take_inputs(std::forward<Inputs>(inputs)...);
          return recording.finish(held, taken, where);
        });
  }
}

/// A Tensor with a value.
Tensor make_leaf(Shape shape, DType dtype, Buffer value, const Location& where);

/// The same value as a new Tensor that derivatives can be taken by, whatever its own history: what a function transform
/// differentiates by.
Tensor track(const Operand& x);

}  // namespace xgrad
