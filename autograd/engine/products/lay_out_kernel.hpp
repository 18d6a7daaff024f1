#pragma once

// Lays out rows that lie anywhere, for the files that are compiled for one instruction set each (see block_kernel.hpp).

#include <cstdint>

#include "autograd/engine/products/block_product.hpp"

namespace xgrad::fused {

namespace {

/// Copies `count` elements, at least a vector of so many bytes, the last of which may overlap the one before.
template <int Bytes, class T>
[[gnu::always_inline]] inline void copy_vectors(const T* from, std::int64_t count, T* to) {
  constexpr std::int64_t width = Bytes / sizeof(T);
  for (std::int64_t i = 0; i + width < count; i += width) __builtin_memcpy(to + i, from + i, Bytes);
  __builtin_memcpy(to + count - width, from + count - width, Bytes);
}

template <class T>
[[gnu::always_inline]] inline void copy_run(const T* from, std::int64_t count, T* to) {
  if (count * sizeof(T) >= 64)
    copy_vectors<64>(from, count, to);
  else if (count * sizeof(T) >= 32)
    copy_vectors<32>(from, count, to);
  else if (count * sizeof(T) >= 16)
    copy_vectors<16>(from, count, to);
  else
    for (std::int64_t i = 0; i < count; ++i) to[i] = from[i];
}

template <class T>
void lay_out(const void* from, const std::int64_t* others, std::int64_t count, const Run* runs, std::int64_t run_count,
             std::int64_t depth, void* to) {
  T* row = static_cast<T*>(to);
  for (std::int64_t i = 0; i < count; ++i, row += depth) {
    const T* const at = static_cast<const T*>(from) + others[i];
    for (std::int64_t r = 0; r < run_count; ++r) copy_run(at + runs[r].offset, runs[r].count, row + runs[r].first);
  }
}

}  // namespace

}  // namespace xgrad::fused
