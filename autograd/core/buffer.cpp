#include "autograd/core/buffer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/core/mutex.hpp"
#include "autograd/core/never_destroyed.hpp"
#include "autograd/core/thread_object.hpp"

namespace xgrad {

namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t small_data = 32;                        // data bytes of the smallest block
constexpr std::int64_t pooled_limit = std::int64_t{1} << 30;  // beyond this, freed blocks go back to the system
constexpr std::size_t adopted = 0xffffffff;                   // the size class of adopted memory
constexpr std::size_t class_count = 100;
constexpr std::size_t local_classes = 16;  // up to 16 KiB: cached per thread
// Blocks of the smallest class, for single numbers, are cut from slabs and stay in the pool, uncounted, because each
// alone would take twice its size from the system.
constexpr std::size_t slab_class = 0;
constexpr std::size_t slab_blocks = 1024;
// The most blocks that a thread caches of a class.
constexpr std::size_t local_limit(std::size_t size_class) { return size_class == slab_class ? 4096 : 256; }
// A free block of a MiB or more goes back to the system when so many such blocks have been freed since: a program that
// repeats itself, such as training, would have used it again.
constexpr std::size_t first_large = 28;
constexpr std::uint64_t longest_idle = 16384;
// Larger blocks begin at different offsets in a page. A load from the same offset as a recent store to another page
// waits for that store (4K aliasing), which takes half of the time where arrays are read and written side by side.
constexpr std::size_t page = 4096, place_step = page * 3 / 8;
constexpr std::size_t first_placed = local_classes;

// Two classes per doubling: 64, 96, 128, 192, 256 ... bytes of block.
std::size_t class_of(std::size_t block_bytes) {
  if (block_bytes <= 64) return 0;
  const auto power = static_cast<std::size_t>(std::bit_width(block_bytes - 1));  // block_bytes <= 2^power
  const std::size_t three_quarters = std::size_t{3} << (power - 2);
  return (power - 6) * 2 - (block_bytes <= three_quarters ? 1 : 0);
}
std::size_t block_size(std::size_t size_class) {
  const std::size_t power = 6 + size_class / 2;
  return size_class % 2 ? std::size_t{3} << (power - 1) : std::size_t{1} << power;
}

// The sums of what threads have reported. A thread reports when it is worth a locked operation. Bytes may be taken by
// one thread and given back by another, so a sum may be negative for a while.
std::atomic<std::int64_t> live_bytes{0}, peak_bytes{0}, pooled_bytes{0};
constexpr std::int64_t worth_telling = 64 << 10;

/// What a thread has not reported yet.
class Tally {
 public:
  void live(std::int64_t bytes) noexcept {
    live_ += bytes;
    highest_ = std::max(highest_, live_);
    if (live_ >= worth_telling || live_ <= -worth_telling) tell();
  }
  void pooled(std::int64_t bytes) noexcept {
    pooled_ += bytes;
    if (pooled_ >= worth_telling || pooled_ <= -worth_telling) tell();
  }
  void tell() noexcept {
    const std::int64_t highest = live_bytes.fetch_add(live_, std::memory_order_relaxed) + highest_;
    std::int64_t peak = peak_bytes.load(std::memory_order_relaxed);
    while (highest > peak && !peak_bytes.compare_exchange_weak(peak, highest, std::memory_order_relaxed)) {
    }
    pooled_bytes.fetch_add(pooled_, std::memory_order_relaxed);
    *this = Tally();
  }

 private:
  std::int64_t live_ = 0, pooled_ = 0;
  std::int64_t highest_ = 0;  // the highest value of live_
};

}  // namespace

// The free blocks: small ones in a cache per thread, all others, and overflow, in a pool behind a mutex.
class Pool {
 public:
  static Pool& shared() {
    static NeverDestroyed<Pool> pool;
    return *pool;
  }

  void* take(std::size_t size_class) noexcept {
    void* memory = size_class < local_classes ? pop(local->free[size_class]) : nullptr;
    if (!memory) {
      const std::lock_guard lock(mutex_);
      memory = pop(free_[size_class]);
    }
    if (size_class == slab_class) return memory ? memory : cut_slab();
    if (memory) {
      count_pooled(-static_cast<std::int64_t>(block_size(size_class)));
      return memory;
    }
    return allocate(size_class);
  }

  void give(void* memory, std::size_t size_class) noexcept {
    if (size_class != slab_class) {
      const auto bytes = static_cast<std::int64_t>(block_size(size_class));
      if (pooled_bytes.load(std::memory_order_relaxed) + bytes > pooled_limit) return release(memory, size_class);
      count_pooled(bytes);
    }
    if (size_class < local_classes && local->free[size_class].count < local_limit(size_class))
      return push(local->free[size_class], memory);
    const std::lock_guard lock(mutex_);
    push(free_[size_class], memory, large_given_);
    if (size_class >= first_large && ++large_given_ % (longest_idle / 16) == 0) trim();
  }

  void clear() noexcept {
    local->flush();
    const std::lock_guard lock(mutex_);
    for (std::size_t size_class = slab_class + 1; size_class < class_count; ++size_class)
      while (void* memory = pop(free_[size_class])) {
        count_pooled(-static_cast<std::int64_t>(block_size(size_class)));
        release(memory, size_class);
      }
  }
  static void tell() noexcept { local->tally.tell(); }

  static Buffer make(std::size_t bytes) noexcept {
    const bool small = bytes <= small_data;
    const std::size_t header = small ? small_data : alignment;  // data offset within the block
    const std::size_t size_class = class_of(header + bytes);
    if (bytes >= std::size_t{1} << 47) return {};
    void* memory = shared().take(size_class);
    if (!memory) {
      shared().clear();  // free blocks may be the memory that is missing
      memory = shared().take(size_class);
    }
    if (!memory) return {};
    char* data = static_cast<char*>(memory) + header;
    auto* block =
        new (data - small_data) Buffer::Block{{1}, static_cast<std::uint32_t>(size_class), bytes, data, nullptr};
    count_live(static_cast<std::int64_t>(bytes));
    return Buffer(block);
  }

  static Buffer wrap(void* data, std::size_t bytes, std::shared_ptr<void> owner) {
    auto held = std::make_unique<std::shared_ptr<void>>(std::move(owner));
    auto* block = new Buffer::Block{{1}, static_cast<std::uint32_t>(adopted), bytes, data, held.get()};
    held.release();
    count_live(static_cast<std::int64_t>(bytes));
    return Buffer(block);
  }

  static void free_block(Buffer::Block* block) noexcept {
    count_live(-static_cast<std::int64_t>(block->bytes));
    if (block->size_class == adopted) {
      delete block->owner;
      delete block;
      return;
    }
    const std::size_t size_class = block->size_class;
    char* memory = static_cast<char*>(block->data) - (block->bytes <= small_data ? small_data : alignment);
    block->~Block();
    shared().give(memory, size_class);
  }

 private:
  struct Node {
    Node* next;
    std::uint64_t given = 0;  // of a large block: how many were freed before it
  };
  struct List {
    Node* head = nullptr;
    std::size_t count = 0;
  };
  static void* pop(List& list) noexcept {
    Node* node = list.head;
    if (!node) return nullptr;
    list.head = node->next;
    --list.count;
    return node;
  }
  static void push(List& list, void* memory, std::uint64_t given = 0) noexcept {
    list.head = new (memory) Node{list.head, given};
    ++list.count;
  }

  void* cut_slab() noexcept {
    const std::size_t bytes = block_size(slab_class);
    char* slab = static_cast<char*>(std::aligned_alloc(alignment, slab_blocks * bytes));
    if (!slab) return nullptr;
    const std::lock_guard lock(mutex_);
    for (std::size_t i = slab_blocks; --i > 0;) push(free_[slab_class], slab + i * bytes);
    return slab;
  }

  // Lists have the latest block first, so all blocks behind an idle one are idle.
  void trim() noexcept {
    for (std::size_t size_class = first_large; size_class < class_count; ++size_class) {
      List& list = free_[size_class];
      Node** at = &list.head;
      while (*at && large_given_ - (*at)->given < longest_idle) at = &(*at)->next;
      for (Node* idle = std::exchange(*at, nullptr); idle;) {
        void* memory = std::exchange(idle, idle->next);
        --list.count;
        count_pooled(-static_cast<std::int64_t>(block_size(size_class)));
        release(memory, size_class);
      }
    }
  }

  static void* allocate(std::size_t size_class) noexcept {
    const std::size_t bytes = block_size(size_class);
    if (size_class < first_placed)
      return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    static std::atomic<std::size_t> place{0};
    auto* const begin = static_cast<char*>(std::aligned_alloc(page, (bytes + 2 * page - 1) / page * page));
    return begin ? begin + place.fetch_add(place_step, std::memory_order_relaxed) % page : nullptr;
  }
  static void release(void* memory, std::size_t size_class) noexcept {
    const std::size_t place = size_class < first_placed ? 0 : reinterpret_cast<std::uintptr_t>(memory) % page;
    std::free(static_cast<char*>(memory) - place);
  }

  struct Local {
    std::array<List, local_classes> free;
    Tally tally;
    void flush() noexcept {
      tally.tell();
      Pool& pool = shared();
      const std::lock_guard lock(pool.mutex_);
      for (std::size_t size_class = 0; size_class < local_classes; ++size_class)
        while (void* memory = pop(free[size_class])) push(pool.free_[size_class], memory);
    }
    ~Local() { flush(); }
  };
  static constinit thread_local ThreadObject<Local> local;

  static void count_live(std::int64_t bytes) noexcept { local->tally.live(bytes); }
  static void count_pooled(std::int64_t bytes) noexcept { local->tally.pooled(bytes); }

  Mutex mutex_;
  std::array<List, class_count> free_;
  std::uint64_t large_given_ = 0;
};

constinit thread_local ThreadObject<Pool::Local> Pool::local;

Buffer Buffer::allocate(std::size_t bytes, const char* operation, const Location& where) {
  Buffer made = Pool::make(bytes);
  check<LimitError>(made.block_ != nullptr, where, operation, ": ", bytes, " bytes cannot be allocated");
  return made;
}
Buffer Buffer::allocate_if_there_is(std::size_t bytes) noexcept { return Pool::make(bytes); }
Buffer Buffer::adopt(void* data, std::size_t bytes, std::shared_ptr<void> owner) {
  return Pool::wrap(data, bytes, std::move(owner));
}
void Buffer::release(Block* block) noexcept { Pool::free_block(block); }

MemoryUse memory_use() {
  Pool::tell();
  const auto bytes = [](std::int64_t told) { return static_cast<std::size_t>(std::max<std::int64_t>(told, 0)); };
  return {bytes(live_bytes.load()), bytes(peak_bytes.load()), bytes(pooled_bytes.load())};
}
std::size_t live_memory() noexcept {
  return static_cast<std::size_t>(std::max<std::int64_t>(live_bytes.load(std::memory_order_relaxed), 0));
}
void reset_peak_memory() {
  Pool::tell();
  peak_bytes.store(live_bytes.load());
}
void release_pooled_memory() { Pool::shared().clear(); }

}  // namespace xgrad
