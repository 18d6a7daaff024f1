#pragma once

#include <cstddef>

namespace xgrad::fused {

/// Memory of the calling thread, aligned to 64 bytes, until it asks again. 64 KiB each thread has from the start.
char* thread_memory(std::size_t bytes);

/// Rounded up to whole cache lines.
constexpr std::size_t lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace xgrad::fused
