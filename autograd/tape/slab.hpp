#pragma once

#include <bit>

#include "autograd/tape/entry.hpp"

namespace xgrad {

/// Memory for entries. Each thread has slabs of places and takes those of one slab in order of address, so that
/// traversals of the tape go through memory in order; then those of the slab that became free last. A place that
/// another thread gives back returns to the slab's own thread.
class EntrySlab {
 public:
  [[gnu::always_inline]] static inline Entry* take() {
    if (!free_) [[unlikely]]
      refill();
    std::byte* place = places_ + static_cast<std::size_t>(std::countr_zero(free_)) * sizeof(Entry);
    free_ &= free_ - 1;
    ++taken_;
    return new (place) Entry;
  }
  /// Takes back the place of a destroyed entry.
  static void give(void* place) noexcept {
    --taken_;
    Slab& slab = slab_of(place);
    if (slab.pool != pool_) [[unlikely]]
      return give_back(slab, place);
    put(slab, place);
  }
  /// Calls `see` with every entry in slabs of this thread, in any order. It must neither record nor release anything.
  template <class See>
  static void visit(See see) {
    for (Slab* slab = pool_ ? pool_->slabs : nullptr; slab; slab = slab->other)
      for (std::size_t slot = 1; slot < slots; ++slot)
        if (const Tensor entry = handle_to(*slab, slot); entry.defined()) see(*entry.entry());
  }

 private:
  static constexpr std::size_t slab_bytes = std::size_t{1} << 16, slots = slab_bytes / sizeof(Entry);
  static constexpr std::size_t word_bits = 64, words = (slots + word_bits - 1) / word_bits;
  static constexpr std::uint32_t many_free = slots / 4;  // enough to go through the slab once more

  // A free place. What History reads of an entry stays unchanged in it, above all that there are no references.
  struct Place {
    std::byte head[sizeof(EntryHead)];
    Place* next;
  };
  struct Pool;
  // Heads a block of memory that is aligned to its size: it is in the first slot, the others are places.
  struct Slab {
    Pool* pool;
    Slab* next;   // in the list of slabs with many free places
    Slab* other;  // in the list of all slabs of the pool
    std::uint64_t free[words];
    std::uint32_t free_count;
  };
  // The slabs of a thread. When the thread ends, another one takes them over.
  struct Pool {
    Slab* current = nullptr;                // the slab whose places are being taken
    std::size_t word = 0;                   // the word of its bit set that is next
    Slab* ready = nullptr;                  // slabs with many free places, the latest first
    Slab* slabs = nullptr;                  // all slabs
    std::atomic<Place*> returned{nullptr};  // places that other threads gave back
    Pool* next = nullptr;                   // in the list of pools without a thread
  };
  struct Shared;
  struct Farewell;

  static Slab& slab_of(void* place) {
    return *reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(place) & ~std::uintptr_t{slab_bytes - 1});
  }
  static void put(Slab& slab, void* place) noexcept {
    const std::size_t slot = (reinterpret_cast<std::uintptr_t>(place) & (slab_bytes - 1)) / sizeof(Entry);
    slab.free[slot / word_bits] |= std::uint64_t{1} << slot % word_bits;
    if (++slab.free_count == many_free && &slab != slab.pool->current) make_ready(slab);
  }
  static void make_ready(Slab& slab) noexcept {
    slab.next = slab.pool->ready;
    slab.pool->ready = &slab;
  }
  /// A handle to the entry in this place; undefined if there is none.
  static Tensor handle_to(Slab& slab, std::size_t slot);
  static Shared& shared();
  static void greet() noexcept;
  static void give_back(Slab& slab, void* place) noexcept;
  static void refill();
  static bool next_places() noexcept;
  static void next_slab();
  static Pool* join();
  static Slab* new_slab();
  friend std::int64_t live_entries();

  static constinit thread_local Pool* pool_;
  static constinit thread_local std::uint64_t free_;  // free places, a bit for each,
  static constinit thread_local std::byte* places_;   // from here on
  static constinit thread_local std::int64_t taken_;  // places taken minus given back, by this thread
};

/// How many entries are alive in the process.
std::int64_t live_entries();

}  // namespace xgrad
