#pragma once

#include <cstddef>

namespace xgrad::fused {

/// Scratch memory of the calling thread, aligned to 64 bytes. It is valid until the next call. Each thread has 64 KiB
/// from the start.
char* thread_memory(std::size_t bytes);

/// `bytes` rounded up to whole cache lines.
constexpr std::size_t lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace xgrad::fused
