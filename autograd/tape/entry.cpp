#include "autograd/tape/entry.hpp"

#include <mutex>
#include <vector>

#include "autograd/tape/slab.hpp"
#include "autograd/tape/tape.hpp"

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
  // The link takes the place of a number that no entry has.
  entry->sequence.store(reinterpret_cast<std::uint64_t>(graveyard.head), std::memory_order_relaxed);
  graveyard.head = static_cast<Entry*>(entry);
}

void dig() noexcept {
  if (graveyard.digging) return;
  graveyard.digging = true;
  while (Entry* next = graveyard.head) {
    graveyard.head = reinterpret_cast<Entry*>(next->sequence.load(std::memory_order_relaxed));
    next->~Entry();
    EntrySlab::give(next);
  }
  graveyard.digging = false;
}

}  // namespace

// The history of the thread that recorded it may take a handle as long as there is another one (see Tensor::try_share):
// so other threads have to count down.
void Tensor::bury_last(EntryHead* head) noexcept {
  if (head->owner == Tape::current().thread)
    head->references.store(0, std::memory_order_relaxed);
  else if (EntryHead::handles(head->references.fetch_sub(1, std::memory_order_acq_rel)) != 1)
    return;
  bury(head);
}

void Tensor::bury(EntryHead* head) noexcept {
  lay(head);
  dig();
}

void Entry::let_go() noexcept {
  Tensor* const list = inputs();
  const bool own = owner == Tape::current().thread;
  for (std::uint32_t i = 0; i < input_count; ++i) {
    Entry* const read = list[i].entry();
    if (read && read->owner == owner) {
      if (own) [[likely]]
        read->readers.store(read->readers.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
      else
        read->references.fetch_or(miscounted, std::memory_order_relaxed);
    }
    list[i].~Tensor();
  }
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
