#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "autograd/core/location.hpp"

namespace xgrad {

/// A counted block of memory holding the elements of a value, row-major and contiguous. Blocks come from a pool
/// with size classes; their data is aligned to 64 bytes (32 for blocks of at most 32 bytes).
class Buffer {
 public:
  Buffer() = default;
  /// Memory for `bytes` bytes, not initialised. LimitError, which names the operation, when there is none.
  static Buffer allocate(std::size_t bytes, const char* operation, const Location& where);
  /// The same, but an empty Buffer when there is none.
  static Buffer allocate_if_there_is(std::size_t bytes) noexcept;
  /// Memory owned by somebody else, kept alive by `owner`.
  static Buffer adopt(void* data, std::size_t bytes, std::shared_ptr<void> owner);

  Buffer(const Buffer& other) noexcept : block_(other.block_) {
    if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Buffer(Buffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Buffer() {
    // The owner of the last handle need not count down atomically.
    if (block_ && (block_->references.load(std::memory_order_acquire) == 1 ||
                   block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1))
      release(block_);
  }

  explicit operator bool() const { return block_ != nullptr; }
  void* data() const { return block_ ? block_->data : nullptr; }
  std::size_t bytes() const { return block_ ? block_->bytes : 0; }
  /// Whether this is the only handle, to memory of the library: the memory may then be reused.
  bool unique() const { return block_ && !block_->owner && block_->references.load(std::memory_order_acquire) == 1; }

 private:
  struct Block {
    std::atomic<std::uint32_t> references;
    std::uint32_t size_class;
    std::size_t bytes;
    void* data;
    std::shared_ptr<void>* owner;  // of adopted memory; null for pooled blocks
  };
  friend class Pool;
  explicit Buffer(Block* block) : block_(block) {}
  static void release(Block* block) noexcept;

  Block* block_ = nullptr;
};

/// The memory of the values of all Tensors, in bytes. Up to 64 KiB that each other thread has lately taken or given
/// back may be missing.
struct MemoryUse {
  std::size_t live;    ///< held by values now
  std::size_t peak;    ///< the most that was live since the start or `reset_peak_memory()`
  std::size_t pooled;  ///< free blocks kept for reuse, those for single numbers left out
};
MemoryUse memory_use();
/// MemoryUse::live, but also without what this thread has lately taken or given back, which is faster.
std::size_t live_memory() noexcept;
void reset_peak_memory();
/// Gives all pooled free blocks back to the operating system.
void release_pooled_memory();

}  // namespace xgrad
