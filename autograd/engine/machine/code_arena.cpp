#include "autograd/engine/machine/code_arena.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "autograd/core/never_destroyed.hpp"

namespace xgrad::fused::machine {

namespace {

std::atomic<bool> refused{false};

void* map(int file, std::size_t bytes, int protection) {
  void* memory = mmap(nullptr, bytes, protection, MAP_SHARED, file, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

void refuse_executable_memory(bool refuse) { refused = refuse; }

struct Arena::Block {
  explicit Block(std::size_t size) : bytes(size) {
    const int file = refused ? -1 : memfd_create("xgrad-code", MFD_CLOEXEC);
    if (file < 0) return;
    if (ftruncate(file, static_cast<off_t>(bytes)) == 0) {
      writable = static_cast<std::uint8_t*>(map(file, bytes, PROT_READ | PROT_WRITE));
      executable = static_cast<std::uint8_t*>(map(file, bytes, PROT_READ | PROT_EXEC));
    }
    close(file);
  }
  Block(const Block&) = delete;
  ~Block() {
    if (writable) munmap(writable, bytes);
    if (executable) munmap(executable, bytes);
  }
  bool usable() const { return writable && executable; }

  std::size_t bytes, used = 0;
  std::uint8_t *writable = nullptr, *executable = nullptr;
};

namespace {

class Piece final : public Routine {
 public:
  Piece(std::shared_ptr<Arena::Block> block, void* entry) : block_(std::move(block)) { entry_ = entry; }

 private:
  std::shared_ptr<Arena::Block> block_;
};

}  // namespace

std::unique_ptr<Routine> Arena::add(std::span<const std::uint8_t> bytes) {
  const std::size_t size = (bytes.size() + 63) / 64 * 64;
  const std::lock_guard lock(mutex_);
  if (std::exchange(forks_, forks()) != forks()) last_.reset();  // the parent process may still write to it
  std::shared_ptr<Block> block = last_;
  if (refused) return nullptr;
  if (!block || block->used + size > block->bytes) {
    const std::size_t pages = std::max(block_bytes, (size + block_bytes - 1) / block_bytes * block_bytes);
    auto fresh = std::make_unique<Block>(pages);
    if (!fresh->usable()) return nullptr;
    block = {fresh.release(), [count = blocks_](Block* old) {
               delete old;
               --*count;
             }};
    ++*blocks_;
    last_ = block;
  }
  std::memcpy(block->writable + block->used, bytes.data(), bytes.size());
  void* entry = block->executable + block->used;
  block->used += size;
  return std::make_unique<Piece>(std::move(block), entry);
}

std::size_t Arena::blocks() const { return *blocks_; }

Arena& Arena::common() {
  static NeverDestroyed<Arena> arena;
  return *arena;
}

}  // namespace xgrad::fused::machine
