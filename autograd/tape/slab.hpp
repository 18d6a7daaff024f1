#pragma once

#include "autograd/tape/entry.hpp"

namespace xgrad {

/// Memory for entries: slabs cut into places, with a list of free places per thread.
class EntrySlab {
 public:
  static Entry* take() {
    if (!free_) [[unlikely]]
      refill();
    Place* place = free_;
    free_ = place->next;
    ++taken_;
    return new (place) Entry;
  }
  /// Takes back the place of a destroyed entry.
  static void give(void* place) noexcept {
    if (!free_) [[unlikely]]
      greet();  // a thread may give back what others took, and nothing else
    free_ = new (place) Place{free_};
    --taken_;
  }

 private:
  struct Place {
    Place* next;
  };
  struct Slab;
  struct Shared;
  struct Farewell;
  static Shared& shared();
  static void greet() noexcept;
  static void refill();
  friend std::int64_t live_entries();

  static constinit thread_local Place* free_;
  static constinit thread_local std::int64_t taken_;  // minus given, by this thread
};

/// How many entries are alive in the process.
std::int64_t live_entries();

}  // namespace xgrad
