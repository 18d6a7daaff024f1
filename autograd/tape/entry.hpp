#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "autograd/core/buffer.hpp"
#include "autograd/tape/primitive.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// What recording appends to the tape. Entries live in slabs of their thread; up to three inputs and a primitive of
/// up to 48 bytes are held in place. An entry keeps its inputs until it is evaluated, and for as long as it lives if
/// it is tracked.
struct Entry : EntryHead {
  static constexpr std::size_t inputs_in_place = 3;
  static constexpr std::size_t primitive_in_place = 48;

  std::uint32_t input_count = 0;
  std::uint32_t owner = 0;                       // the thread that recorded it
  std::uint32_t segment = 0;                     // the checkpoint it belongs to; 0 for none
  Lowering::Kind kind = Lowering::Kind::opaque;  // what the primitive's lowering says
  Instruction instruction = Instruction::none;   // likewise
  bool bare = false;                             // the primitive has no arguments: nothing to destroy
  mutable std::uint32_t number = 0;              // what the latest walk of its own thread gave it
  mutable std::uint64_t walk = 0;                // that walk
  std::uint64_t sequence = 0;
  const char* call = nullptr;  // the outermost library call it was recorded in, where there was one
  Location where;
  Buffer value;
  const Primitive* primitive = nullptr;
  Tensor* inputs = nullptr;

  std::span<const Tensor> input_span() const { return {inputs, input_count}; }
  View view() const { return {value.data(), shape, dtype}; }
  /// Lets go of the inputs: the value stands for itself from now on.
  void cut() noexcept {
    if (inputs) let_go();
  }

  void reserve_inputs(std::size_t count) {
    inputs = static_cast<Tensor*>(count <= inputs_in_place ? input_storage : ::operator new(count * sizeof(Tensor)));
  }
  void add_input(Tensor input) noexcept { new (inputs + input_count++) Tensor(std::move(input)); }
  /// The primitive, as it is held.
  template <class P>
  const P& emplace(P from) {
    static_assert(std::is_base_of_v<Primitive, P>, "a primitive derives from xgrad::Operation");
    const P* held;
    if constexpr (sizeof(P) <= primitive_in_place && alignof(P) <= alignof(void*))
      held = new (primitive_storage) P(std::move(from));
    else
      held = new P(std::move(from));
    primitive = held;
    const Lowering lowering = held->P::lower();
    kind = lowering.kind;
    instruction = lowering.instruction;
    bare = sizeof(P) == sizeof(Primitive);
    return *held;
  }
  /// A copy of the primitive of another entry.
  void emplace_copy(const Entry& other) {
    primitive = other.primitive->copy(primitive_storage, primitive_in_place);
    kind = other.kind;
    instruction = other.instruction;
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
  void let_go() noexcept;
  void destroy_primitive() noexcept;

  alignas(Tensor) std::byte input_storage[inputs_in_place * sizeof(Tensor)];
  alignas(void*) std::byte primitive_storage[primitive_in_place];
};

inline Entry* Tensor::entry() const { return static_cast<Entry*>(head_); }
inline Tensor Tensor::adopt(Entry* entry) {
  Tensor tensor;
  tensor.head_ = entry;
  return tensor;
}
inline Tensor Tensor::share(Entry* entry) {
  entry->references.fetch_add(1, std::memory_order_relaxed);
  return adopt(entry);
}

}  // namespace xgrad
