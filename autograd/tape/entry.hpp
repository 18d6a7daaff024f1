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

/// What recording appends to the tape. An entry lives in a slab of its thread and holds up to three inputs and a
/// primitive of up to 48 bytes in place. It keeps its inputs until it is evaluated; a tracked one keeps them as long as
/// it lives.
struct Entry : EntryHead {
  static constexpr std::size_t primitive_in_place = 48 + sizeof(void*) - sizeof(Location);

  const char* call = nullptr;  // the outermost library call that recorded it, or null
  Location where;
  Buffer value;
  const Primitive* primitive = nullptr;
  Lowering::Kind kind = Lowering::Kind::opaque;  // that of the primitive's lowering
  Instruction instruction = Instruction::none;   // that of the primitive's lowering
  bool bare : 1 = false;                         // whether the primitive needs no destructor, having no arguments
  bool mergeable : 1 = true;                     // whether an entry with equal arguments and inputs has the same value
  bool released : 1 = false;                     // whether its history was released, as no derivative could need it
  bool outdated : 1 = false;  // whether a released history led to it, so that no derivative by it is complete
  std::uint32_t segment = 0;  // the checkpoint that it belongs to; 0 for none

  std::span<const Tensor> input_span() const { return {inputs(), input_count}; }
  const Tensor& input(std::size_t i) const { return inputs()[i]; }
  View view() const { return {value.data(), shape, dtype}; }
  /// Releases the inputs: from now on the entry is a value without history.
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
  /// Sets the inputs of a new entry, which are no more than are held in place.
  template <class... Inputs>
  std::span<const Tensor> take_inputs(Inputs&&... inputs) noexcept {
    static_assert(sizeof...(Inputs) <= inputs_in_place);
    std::byte* place = input_storage;
    (place_input(std::exchange(place, place + sizeof(Tensor)), std::forward<Inputs>(inputs)), ...);
    input_count = sizeof...(Inputs);
    return {std::launder(reinterpret_cast<const Tensor*>(input_storage)), sizeof...(Inputs)};
  }
  /// Moves a primitive into the entry, and returns it there.
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
  /// Copies a primitive of any type into this entry; `is_bare` says that it has no members.
  const Primitive& emplace_copy(const Primitive& from, bool is_bare, bool is_mergeable) {
    know(from.copy(primitive_storage, primitive_in_place), from.lower(), is_bare, is_mergeable);
    return *primitive;
  }
  /// Copies the primitive of another entry into this one.
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
