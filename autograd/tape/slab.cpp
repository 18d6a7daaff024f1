#include "autograd/tape/slab.hpp"

#include <mutex>

namespace xgrad {

namespace {

constexpr std::size_t entries_per_slab = 256;
std::atomic<std::int64_t> taken_by_ended_threads{0};

}  // namespace

constinit thread_local EntrySlab::Place* EntrySlab::free_ = nullptr;
constinit thread_local std::int64_t EntrySlab::taken_ = 0;

struct EntrySlab::Slab {
  Slab* next;
  alignas(Entry) std::byte places[entries_per_slab][sizeof(Entry)];
};

// What all threads share: every slab, and the free places that ended threads left behind.
struct EntrySlab::Shared {
  std::mutex mutex;
  Slab* slabs = nullptr;
  Place* free = nullptr;
};
EntrySlab::Shared& EntrySlab::shared() {
  static Shared* instance = new Shared;  // never destroyed: Tensors of static storage may outlive everything
  return *instance;
}

// Hands this thread's free places over when it ends.
struct EntrySlab::Farewell {
  ~Farewell() {
    const std::lock_guard lock(shared().mutex);
    while (Place* place = free_) {
      free_ = place->next;
      place->next = shared().free;
      shared().free = place;
    }
    taken_by_ended_threads += taken_;
    taken_ = 0;
  }
};

// Makes sure that this thread says farewell.
void EntrySlab::greet() noexcept {
  static thread_local Farewell farewell;
  static_cast<void>(&farewell);
}

void EntrySlab::refill() {
  greet();
  Shared& all = shared();
  const std::lock_guard lock(all.mutex);
  if (all.free) {
    free_ = std::exchange(all.free, nullptr);
    return;
  }
  auto* slab = static_cast<Slab*>(::operator new (sizeof(Slab), std::align_val_t{64}));
  slab->next = all.slabs;
  all.slabs = slab;
  for (std::size_t i = entries_per_slab; i-- > 0;) free_ = new (slab->places[i]) Place{free_};
}

std::int64_t live_entries() { return EntrySlab::taken_ + taken_by_ended_threads.load(); }

}  // namespace xgrad
