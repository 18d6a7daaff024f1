#include "autograd/tape/entry.hpp"

#include <mutex>
#include <vector>

#include "autograd/tape/slab.hpp"

namespace xgrad {

namespace {

// Entries whose last handle went away, waiting to be destroyed. Destroying one lets go of its inputs, which may add
// more: a list and a loop, so that no chain is too long for the stack.
struct Graveyard {
  Entry* head = nullptr;
  bool digging = false;
};
constinit thread_local Graveyard graveyard;

void bury(Entry* entry) noexcept {
  entry->sequence = reinterpret_cast<std::uint64_t>(graveyard.head);  // the link: nobody reads the number any more
  graveyard.head = entry;
  if (graveyard.digging) return;
  graveyard.digging = true;
  while (Entry* next = graveyard.head) {
    graveyard.head = reinterpret_cast<Entry*>(next->sequence);
    next->~Entry();
    EntrySlab::give(next);
  }
  graveyard.digging = false;
}

}  // namespace

void Tensor::retain(Entry* entry) noexcept { entry->references.fetch_add(1, std::memory_order_relaxed); }

void Tensor::release(Entry* entry) noexcept {
  if (entry->references.fetch_sub(1, std::memory_order_acq_rel) == 1) bury(entry);
}

void Entry::reserve_inputs(std::size_t count) {
  void* memory = count <= inputs_in_place ? input_storage : ::operator new(count * sizeof(Tensor));
  inputs = static_cast<Tensor*>(memory);
}

void Entry::cut() noexcept {
  for (std::uint32_t i = 0; i < input_count; ++i) inputs[i].~Tensor();
  input_count = 0;
  if (inputs && static_cast<void*>(inputs) != static_cast<void*>(input_storage)) ::operator delete(inputs);
  inputs = nullptr;
}

Entry::~Entry() {
  cut();
  if (primitive && primitive_is_in_place()) primitive->~Primitive();
  if (primitive && !primitive_is_in_place()) delete primitive;
}

}  // namespace xgrad
