#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "autograd/core/buffer.hpp"
#include "autograd/tape/primitive.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// What recording appends to the tape. Entries live in slabs of their thread; up to three inputs and a primitive of
/// up to 48 bytes are held in place. An entry keeps its inputs until it is evaluated, and for as long as it lives if
/// it is tracked.
struct Entry {
  static constexpr std::size_t inputs_in_place = 3;
  static constexpr std::size_t primitive_in_place = 48;

  std::atomic<std::uint32_t> references{1};
  DType dtype = float32;
  bool tracked = false;
  bool differentiated = false;  // a walk back has passed: its value is not needed for one to come
  std::atomic<bool> evaluated{false};
  std::uint32_t input_count = 0;
  std::uint32_t owner = 0;    // the thread that recorded it
  std::uint32_t segment = 0;  // the checkpoint it belongs to; 0 for none
  std::uint64_t sequence = 0;
  mutable std::uint64_t walk = 0;    // the latest walk of its own thread that met it, and
  mutable std::uint32_t number = 0;  // its number there
  const char* call = nullptr;        // the outermost library call it was recorded in, where there was one
  Location where;
  Shape shape;
  Buffer value;
  const Primitive* primitive = nullptr;
  Tensor* inputs = nullptr;

  std::span<const Tensor> input_span() const { return {inputs, input_count}; }
  View view() const { return {value.data(), shape, dtype}; }
  /// Lets go of the inputs: the value stands for itself from now on.
  void cut() noexcept;

  void reserve_inputs(std::size_t count);
  void add_input(Tensor input) noexcept { new (inputs + input_count++) Tensor(std::move(input)); }
  template <class P>
  void emplace(P&& from) {
    using Stored = std::remove_cvref_t<P>;
    static_assert(std::is_base_of_v<Primitive, Stored>, "a primitive derives from xgrad::Operation");
    if constexpr (sizeof(Stored) <= primitive_in_place && alignof(Stored) <= alignof(void*))
      primitive = new (primitive_storage) Stored(std::forward<P>(from));
    else
      primitive = new Stored(std::forward<P>(from));
  }
  bool primitive_is_in_place() const {
    return static_cast<const void*>(primitive) == static_cast<const void*>(primitive_storage);
  }

  /// Where a primitive of up to `primitive_in_place` bytes goes.
  void* primitive_place() { return primitive_storage; }

  Entry() = default;
  ~Entry();
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  alignas(Tensor) std::byte input_storage[inputs_in_place * sizeof(Tensor)];
  alignas(void*) std::byte primitive_storage[primitive_in_place];
};

}  // namespace xgrad
