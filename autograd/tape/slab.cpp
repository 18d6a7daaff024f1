#include "autograd/tape/slab.hpp"

#include <mutex>

#include "autograd/core/mutex.hpp"
#include "autograd/core/never_destroyed.hpp"
#include "autograd/core/thread_object.hpp"

namespace xgrad {

namespace {

constexpr std::size_t slabs_at_a_time = 16;
std::atomic<std::int64_t> taken_by_ended_threads{0};

}  // namespace

constinit thread_local EntrySlab::Pool* EntrySlab::pool_ = nullptr;
constinit thread_local std::uint64_t EntrySlab::free_ = 0;
constinit thread_local std::byte* EntrySlab::places_ = nullptr;
constinit thread_local std::int64_t EntrySlab::taken_ = 0;

// Shared by all threads: memory for slabs, and the pools of threads that have ended.
struct EntrySlab::Shared {
  Mutex mutex;
  std::byte* memory = nullptr;
  std::size_t slabs = 0;  // that there is room for
  Pool* idle = nullptr;
};
EntrySlab::Shared& EntrySlab::shared() {
  static NeverDestroyed<Shared> instance;
  return *instance;
}

// Leaves the pool of a thread to others when the thread ends.
struct EntrySlab::Farewell {
  ~Farewell() {
    const std::lock_guard lock(shared().mutex);
    if (Pool* pool = std::exchange(pool_, nullptr)) {
      if (free_) {
        pool->current->free[pool->word] |= free_;
        pool->current->free_count += static_cast<std::uint32_t>(std::popcount(free_));
      }
      pool->word = 0;
      free_ = 0;
      pool->next = shared().idle;
      shared().idle = pool;
    }
    taken_by_ended_threads += taken_;
    taken_ = 0;
  }
};

// Makes sure that the pool of this thread is left to others at its end.
void EntrySlab::greet() noexcept {
  static constinit thread_local ThreadObject<Farewell> farewell;
  *farewell;
}

void EntrySlab::give_back(Slab& slab, void* place) noexcept {
  greet();  // a thread may have given back places without ever taking one
  std::atomic<Place*>& returned = slab.pool->returned;
  auto* first = new (place) Place;
  first->next = returned.load(std::memory_order_relaxed);
  while (!returned.compare_exchange_weak(first->next, first, std::memory_order_release, std::memory_order_relaxed)) {
  }
}

void EntrySlab::refill() {
  if (!pool_) pool_ = join();
  while (!next_places()) next_slab();
}

// Finds the next free places of the current slab. Returns whether there are any.
bool EntrySlab::next_places() noexcept {
  Slab* slab = pool_->current;
  for (; slab && pool_->word < words; ++pool_->word) {
    free_ = std::exchange(slab->free[pool_->word], 0);
    if (!free_) continue;
    slab->free_count -= static_cast<std::uint32_t>(std::popcount(free_));
    places_ = reinterpret_cast<std::byte*>(slab) + pool_->word * word_bits * sizeof(Entry);
    return true;
  }
  return false;
}

void EntrySlab::next_slab() {
  Pool& pool = *pool_;
  if (Slab* slab = std::exchange(pool.current, nullptr); slab && slab->free_count >= many_free) make_ready(*slab);
  for (Place* place = pool.returned.exchange(nullptr, std::memory_order_acquire); place;) {
    Place* const next = place->next;
    put(slab_of(place), place);
    place = next;
  }
  if (!pool.ready) make_ready(*new_slab());
  pool.current = std::exchange(pool.ready, pool.ready->next);
  pool.word = 0;
}

EntrySlab::Pool* EntrySlab::join() {
  greet();
  const std::lock_guard lock(shared().mutex);
  if (!shared().idle) return new Pool;
  return std::exchange(shared().idle, shared().idle->next);
}

// Makes a slab whose places are all free.
EntrySlab::Slab* EntrySlab::new_slab() {
  static_assert(sizeof(Slab) <= sizeof(Entry) && slab_bytes % alignof(Entry) == 0);
  Shared& all = shared();
  const std::lock_guard lock(all.mutex);
  if (all.slabs == 0) {
    constexpr std::align_val_t alignment{slab_bytes};
    all.memory = static_cast<std::byte*>(::operator new(slabs_at_a_time* slab_bytes, alignment));
    all.slabs = slabs_at_a_time;
  }
  auto* slab = new (all.memory) Slab{pool_, nullptr, pool_->slabs, {}, slots - 1};
  pool_->slabs = slab;
  for (std::size_t slot = 1; slot < slots; ++slot) slab->free[slot / word_bits] |= std::uint64_t{1} << slot % word_bits;
  all.memory += slab_bytes;
  --all.slabs;
  return slab;
}

Tensor EntrySlab::handle_to(Slab& slab, std::size_t slot) {
  const std::size_t word = slot / word_bits, bit = slot % word_bits;
  const bool taking = &slab == pool_->current && word == pool_->word;
  if ((taking ? free_ : slab.free[word]) >> bit & 1) return {};
  return Tensor::try_share(reinterpret_cast<Entry*>(reinterpret_cast<std::byte*>(&slab) + slot * sizeof(Entry)));
}

std::int64_t live_entries() { return EntrySlab::taken_ + taken_by_ended_threads.load(); }

}  // namespace xgrad
