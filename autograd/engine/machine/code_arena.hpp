#pragma once

// Executable memory for machine code.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "autograd/core/mutex.hpp"

namespace xgrad::fused::machine {

/// Machine code, which may be called as long as the Routine lives. It must not depend on its address.
class Routine {
 public:
  virtual ~Routine() = default;
  void* entry() const { return entry_; }

 protected:
  void* entry_ = nullptr;
};

/// Holds machine code in blocks that many kernels share. A block is mapped twice, once writable and once executable, so
/// that no address is both, and kernels may run while others are added. A block is unmapped with its last kernel; the
/// newest block stays for further ones. Safe to use from several threads.
class Arena {
 public:
  static constexpr std::size_t block_bytes = 1 << 18;

  /// Null where the system refuses executable memory.
  std::unique_ptr<Routine> add(std::span<const std::uint8_t> bytes);
  /// The number of blocks.
  std::size_t blocks() const;

  /// The arena of all kernels.
  static Arena& common();

  struct Block;

 private:
  Mutex mutex_;
  std::uint32_t forks_ = forks();
  std::shared_ptr<Block> last_;  // which may have room
  std::shared_ptr<std::atomic<std::size_t>> blocks_ = std::make_shared<std::atomic<std::size_t>>(0);
};

/// Makes the system seem to refuse executable memory, for tests.
void refuse_executable_memory(bool refuse);

}  // namespace xgrad::fused::machine
