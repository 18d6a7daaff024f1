#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "autograd/core/buffer.hpp"
#include "autograd/tape/described.hpp"
#include "autograd/tape/primitive.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// What recording appends to the tape. Entries live in slabs of their thread; up to three inputs and a primitive of
/// up to 48 bytes are held in place. An entry keeps its inputs until it is evaluated, and for as long as it lives if
/// it is tracked.
struct Entry : EntryHead {
  static constexpr std::size_t primitive_in_place = 48 + sizeof(void*) - sizeof(Location);

  const char* call = nullptr;  // the outermost library call it was recorded in, where there was one
  Location where;
  Buffer value;
  const Primitive* primitive = nullptr;
  Lowering::Kind kind = Lowering::Kind::opaque;  // what the primitive's lowering says
  Instruction instruction = Instruction::none;   // likewise
  bool bare : 1 = false;                         // the primitive has no arguments: nothing to destroy
  bool mergeable : 1 = true;                     // an entry with the same arguments and inputs is the same value
  bool released : 1 = false;                     // its history is gone: no derivative could want it any more
  bool outdated : 1 = false;  // a history that was released led to it: no derivative by it is complete
  std::uint32_t segment = 0;  // the checkpoint it belongs to; 0 for none

  std::span<const Tensor> input_span() const { return {inputs(), input_count}; }
  const Tensor& input(std::size_t i) const { return inputs()[i]; }
  View view() const { return {value.data(), shape, dtype}; }
  /// Lets go of the inputs: the value stands for itself from now on.
  void cut() noexcept {
    if (input_count > 0 || many_inputs) let_go();
  }

  void reserve_inputs(std::size_t count) {
    if (count <= inputs_in_place) return;
    new (input_storage) Tensor*(static_cast<Tensor*>(::operator new(count * sizeof(Tensor))));
    many_inputs = true;
  }
  template <class Input>
  void add_input(Input&& input) noexcept {
    place_input(reinterpret_cast<std::byte*>(inputs() + input_count), std::forward<Input>(input));
    ++input_count;
  }
  /// All inputs, of a new entry: as many as are held in place, at most.
  template <class... Inputs>
  std::span<const Tensor> take_inputs(Inputs&&... inputs) noexcept {
    static_assert(sizeof...(Inputs) <= inputs_in_place);
    std::byte* place = input_storage;
    (place_input(std::exchange(place, place + sizeof(Tensor)), std::forward<Inputs>(inputs)), ...);
    input_count = sizeof...(Inputs);
    return {std::launder(reinterpret_cast<const Tensor*>(input_storage)), sizeof...(Inputs)};
  }
  /// The primitive, as it is held.
  template <class P>
  const P& emplace(P from) {
    static_assert(std::is_base_of_v<Primitive, P>, "a primitive derives from xgrad::Operation");
    static_assert(!P::mergeable || detail::describes_itself<P>(),
                  "this primitive has data members that no describe(Fields&) const reports, so two of them would be "
                  "taken for one: report every member there, or declare `static constexpr bool mergeable = false;`");
    const P* held;
    if constexpr (sizeof(P) <= primitive_in_place && alignof(P) <= alignof(void*))
      held = new (primitive_storage) P(std::move(from));
    else
      held = new P(std::move(from));
    know(held, held->P::lower(), sizeof(P) == sizeof(Primitive), P::mergeable);
    return *held;
  }
  /// A copy of a primitive of whatever type: with whether it has no members, and whether it is mergeable.
  const Primitive& emplace_copy(const Primitive& from, bool is_bare, bool is_mergeable) {
    know(from.copy(primitive_storage, primitive_in_place), from.lower(), is_bare, is_mergeable);
    return *primitive;
  }
  /// A copy of the primitive of another entry.
  void emplace_copy(const Entry& other) {
    primitive = other.primitive->copy(primitive_storage, primitive_in_place);
    kind = other.kind;
    instruction = other.instruction;
    bare = other.bare;
    mergeable = other.mergeable;
  }

  Entry() = default;
  ~Entry() {
    cut();
    if (primitive && !bare) destroy_primitive();
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  bool primitive_is_in_place() const {
    return static_cast<const void*>(primitive) == static_cast<const void*>(primitive_storage);
  }
  template <class Input>
  void place_input(std::byte* place, Input&& input) noexcept {
    Entry* const read = (new (place) Tensor(std::forward<Input>(input)))->entry();
    if (read && read->owner == owner)
      read->readers.store(read->readers.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void know(const Primitive* held, const Lowering& lowering, bool is_bare, bool is_mergeable) {
    primitive = held;
    kind = lowering.kind;
    instruction = lowering.instruction;
    bare = is_bare;
    mergeable = is_mergeable;
  }
  Tensor* inputs() { return const_cast<Tensor*>(std::as_const(*this).inputs()); }
  const Tensor* inputs() const {
    return many_inputs ? *std::launder(reinterpret_cast<Tensor* const*>(input_storage))
                       : std::launder(reinterpret_cast<const Tensor*>(input_storage));
  }
  void let_go() noexcept;
  void destroy_primitive() noexcept;

  alignas(void*) std::byte primitive_storage[primitive_in_place];
};

static_assert(sizeof(Tensor) == sizeof(void*) && sizeof(Entry) == 192, "three cache lines");

inline Entry* Tensor::entry() const { return static_cast<Entry*>(head_); }
inline Tensor Tensor::adopt(Entry* entry) {
  Tensor tensor;
  tensor.head_ = entry;
  return tensor;
}
inline Tensor Tensor::try_share(Entry* entry) {
  std::uint32_t now = entry->references.load(std::memory_order_acquire);
  do {
    if (EntryHead::handles(now) == 0) return {};
  } while (!entry->references.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel));
  return adopt(entry);
}
inline Tensor Tensor::share(Entry* entry) {
  entry->references.fetch_add(1, std::memory_order_relaxed);
  return adopt(entry);
}

}  // namespace xgrad
