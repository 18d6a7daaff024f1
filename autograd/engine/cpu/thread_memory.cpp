#include "autograd/engine/cpu/thread_memory.hpp"

#include <memory>
#include <new>

#include "autograd/core/thread_object.hpp"

namespace xgrad::fused {

char* thread_memory(std::size_t bytes) {
  struct Release {
    void operator()(char* memory) const { ::operator delete (memory, std::align_val_t{64}); }
  };
  struct More {
    std::unique_ptr<char, Release> memory;
    std::size_t size = 0;
  };
  // Enough for most programs, so that they need no allocation, which could fail, while they overwrite donated memory.
  alignas(64) thread_local char from_start[std::size_t{1} << 16];
  if (bytes <= sizeof from_start) return from_start;
  static constinit thread_local ThreadObject<More> more;
  if (more->size < bytes) {
    *more = More();
    more->memory.reset(static_cast<char*>(::operator new (bytes, std::align_val_t{64})));
    more->size = bytes;
  }
  return more->memory.get();
}

}  // namespace xgrad::fused
