#include "autograd/tape/entry.hpp"

#include <mutex>
#include <vector>

#include "autograd/tape/slab.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

namespace {

// Entries without handles, which wait to be destroyed. Destroying an entry releases its inputs, which may add more, so
// a loop destroys them: a recursion would overflow the stack on a long chain.
struct DeferredDestruction {
  Entry* head = nullptr;
  bool running = false;
};
constinit thread_local DeferredDestruction deferred;

void defer_destruction(EntryHead* entry) noexcept {
  // The link to the next one takes the place of the sequence number, and is no number that an entry can have.
  entry->sequence.store(reinterpret_cast<std::uint64_t>(deferred.head), std::memory_order_relaxed);
  deferred.head = static_cast<Entry*>(entry);
}

// Releases a handle to an entry of this thread. Returns whether it was the last one. A last handle needs no atomic
// count: only the history can make another one (see Tensor::try_share), and it belongs to this thread. Other threads
// have to count down.
bool count_down(EntryHead* own) noexcept {
  if (own->references.load(std::memory_order_acquire) == 1) {
    own->references.store(0, std::memory_order_relaxed);
    return true;
  }
  return EntryHead::handles(own->references.fetch_sub(1, std::memory_order_acq_rel)) == 1;
}

void destroy_deferred() noexcept {
  if (deferred.running) return;
  deferred.running = true;
  while (Entry* next = deferred.head) {
    deferred.head = reinterpret_cast<Entry*>(next->sequence.load(std::memory_order_relaxed));
    next->~Entry();
    EntrySlab::give(next);
  }
  deferred.running = false;
}

}  // namespace

void Tensor::release_last(EntryHead* head) noexcept {
  const bool last = head->owner == Tape::current().thread
                        ? count_down(head)
                        : EntryHead::handles(head->references.fetch_sub(1, std::memory_order_acq_rel)) == 1;
  if (last) destroy(head);
}

void Tensor::destroy(EntryHead* head) noexcept {
  defer_destruction(head);
  destroy_deferred();
}

void Entry::let_go() noexcept {
  Tensor* const list = inputs();
  const bool own = owner == Tape::current().thread;
  for (std::uint32_t i = 0; i < input_count; ++i) {
    Entry* const read = list[i].entry();
    const bool counted = read && read->owner == owner;
    if (counted && own) [[likely]] {
      read->readers.store(read->readers.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
      if (count_down(read)) defer_destruction(read);
      continue;
    }
    if (counted) read->references.fetch_or(miscounted, std::memory_order_relaxed);
    list[i].~Tensor();
  }
  input_count = 0;
  // Nothing else is written to this byte, which the thread that recorded the entry may be reading.
  if (many_inputs) {
    ::operator delete(list);
    many_inputs = false;
  }
  destroy_deferred();
}

void Entry::destroy_primitive() noexcept {
  if (primitive_is_in_place())
    primitive->~Primitive();
  else
    delete primitive;
}

}  // namespace xgrad
