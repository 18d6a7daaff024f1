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

void lay(EntryHead* entry) noexcept {
  entry->sequence = reinterpret_cast<std::uint64_t>(graveyard.head);  // the link: nobody reads the number any more
  graveyard.head = static_cast<Entry*>(entry);
}

void dig() noexcept {
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

void Tensor::bury(EntryHead* head) noexcept {
  lay(head);
  dig();
}

void Entry::let_go() noexcept {
  Tensor* const list = inputs();
  for (std::uint32_t i = 0; i < input_count; ++i) list[i].~Tensor();
  if (many_inputs) ::operator delete(list);
  input_count = 0;
  many_inputs = false;
}

void Entry::destroy_primitive() noexcept {
  if (primitive_is_in_place())
    primitive->~Primitive();
  else
    delete primitive;
}

}  // namespace xgrad
