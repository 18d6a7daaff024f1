#pragma once

// Memory that holds machine code.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace xgrad::fused::machine {

/// Code that may be called, as long as it is held. It must not depend on where it lies.
class Code {
 public:
  virtual ~Code() = default;
  const void* entry() const { return entry_; }

 protected:
  const void* entry_ = nullptr;
};

/// Code that is held by blocks of many kernels. A block is mapped twice, once to write and once to run, so that no
/// address is ever both and kernels may run while others are added; it goes with the last of its kernels. Safe to use
/// from several threads.
class Arena {
 public:
  static constexpr std::size_t block_bytes = 1 << 18;

  /// Null where the system refuses executable memory.
  std::unique_ptr<Code> add(std::span<const std::uint8_t> bytes);
  /// The blocks that hold code now.
  std::size_t blocks() const;

  /// The one that kernels are in.
  static Arena& common();

  struct Block;
  Arena();
  ~Arena();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Makes the system seem to refuse executable memory, for tests.
void refuse_executable_memory(bool refuse);

}  // namespace xgrad::fused::machine
