#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace xgrad {

namespace detail {
/// Defined in the engine, which has the threads.
void run_blocks(std::int64_t blocks, void (*run)(void* body, std::int64_t block), void* body);
}  // namespace detail

/// Calls body(block) for the blocks 0 ... blocks - 1, on the engine's threads. A block must not depend on other blocks,
/// nor the number of blocks on that of threads, so that results have the same bits on any number of threads. If a body
/// throws, blocks that are not begun are left out, and the caller gets one of the exceptions.
template <class Body>
void parallel_blocks(std::int64_t blocks, Body&& body) {
  if (blocks == 1) return body(std::int64_t{0});
  using Held = std::remove_reference_t<Body>;
  detail::run_blocks(
      blocks, [](void* held, std::int64_t block) { (*static_cast<Held*>(held))(block); },
      const_cast<void*>(static_cast<const void*>(std::addressof(body))));
}

/// Calls body(i) for the elements 0 ... count - 1; for bodies that take tens of nanoseconds or more.
template <class Body>
void parallel_elements(std::int64_t count, const Body& body) {
  constexpr std::int64_t size = 1024;
  parallel_blocks((count + size - 1) / size, [&](std::int64_t block) {
    for (std::int64_t i = block * size; i < count && i < (block + 1) * size; ++i) body(i);
  });
}

}  // namespace xgrad
