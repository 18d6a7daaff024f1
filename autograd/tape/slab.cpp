#include "autograd/tape/slab.hpp"

#include <mutex>

namespace xgrad {

namespace {

constexpr std::size_t entries_per_slab = 256;

struct Place {
  Place* next;
};
struct Slab {
  Slab* next;
  alignas(Entry) std::byte places[entries_per_slab][sizeof(Entry)];
};

// What all threads share: every slab, and the free places that ended threads left behind.
struct Shared {
  std::mutex mutex;
  Slab* slabs = nullptr;
  Place* free = nullptr;
};
Shared& shared() {
  static Shared* instance = new Shared;  // never destroyed: Tensors of static storage may outlive everything
  return *instance;
}

constinit thread_local Place* free_places = nullptr;
constinit thread_local std::int64_t taken = 0;  // minus given, by this thread
std::atomic<std::int64_t> taken_by_ended_threads{0};

// Hands this thread's free places over when it ends.
struct Farewell {
  ~Farewell() {
    const std::lock_guard lock(shared().mutex);
    while (Place* place = free_places) {
      free_places = place->next;
      place->next = shared().free;
      shared().free = place;
    }
    taken_by_ended_threads += taken;
    taken = 0;
  }
};

// Makes sure that this thread says farewell.
void greet() noexcept {
  static thread_local Farewell farewell;
  static_cast<void>(&farewell);
}

void refill() {
  greet();
  Shared& all = shared();
  const std::lock_guard lock(all.mutex);
  if (all.free) {
    free_places = std::exchange(all.free, nullptr);
    return;
  }
  auto* slab = static_cast<Slab*>(::operator new (sizeof(Slab), std::align_val_t{64}));
  slab->next = all.slabs;
  all.slabs = slab;
  for (std::size_t i = entries_per_slab; i-- > 0;) free_places = new (slab->places[i]) Place{free_places};
}

}  // namespace

Entry* EntrySlab::take() {
  if (!free_places) refill();
  Place* place = free_places;
  free_places = place->next;
  ++taken;
  return new (place) Entry;
}

void EntrySlab::give(void* place) noexcept {
  if (!free_places) greet();  // a thread may give back what others took, and nothing else
  free_places = new (place) Place{free_places};
  --taken;
}

std::int64_t live_entries() { return taken + taken_by_ended_threads.load(); }

}  // namespace xgrad
