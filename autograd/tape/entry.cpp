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

// Lets go of a handle to an entry of this thread; whether it was the last one. Then nobody else can take another: the
// history, which may as long as there is one (see Tensor::try_share), is looked through by this thread. Other threads
// have to count down.
bool count_down(EntryHead* own) noexcept {
  if (own->references.load(std::memory_order_acquire) == 1) {
    own->references.store(0, std::memory_order_relaxed);
    return true;
  }
  return EntryHead::handles(own->references.fetch_sub(1, std::memory_order_acq_rel)) == 1;
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

void Tensor::bury_last(EntryHead* head) noexcept {
  const bool last = head->owner == Tape::current().thread
                        ? count_down(head)
                        : EntryHead::handles(head->references.fetch_sub(1, std::memory_order_acq_rel)) == 1;
  if (last) bury(head);
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
    const bool counted = read && read->owner == owner;
    if (counted && own) [[likely]] {
      read->readers.store(read->readers.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
      if (count_down(read)) lay(read);
      continue;
    }
    if (counted) read->references.fetch_or(miscounted, std::memory_order_relaxed);
    list[i].~Tensor();
  }
  input_count = 0;
  // (Otherwise nothing is written: the thread that recorded it may look at what stands in the same byte.)
  if (many_inputs) {
    ::operator delete(list);
    many_inputs = false;
  }
  dig();
}

void Entry::destroy_primitive() noexcept {
  if (primitive_is_in_place())
    primitive->~Primitive();
  else
    delete primitive;
}

}  // namespace xgrad
