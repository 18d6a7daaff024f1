#pragma once

#include <pthread.h>

#include <catch2/catch.hpp>
#include <exception>
#include <functional>

namespace xgrad {

// Sanitizers make frames several times larger, and want room of its own on each thread's stack.
#ifdef XGRAD_SANITIZED
inline constexpr std::size_t small_stack = 512 * 1024;
#else
inline constexpr std::size_t small_stack = 64 * 1024;
#endif

/// Runs `body` in a thread with a stack of 64 KiB, in which no recursion over a graph could go far. The static thread
/// storage of all libraries comes off a thread's stack: it is added until the system accepts the size.
inline void on_small_stack(std::function<void()> body) {
  struct Call {
    std::function<void()> body;
    std::exception_ptr error;
  } call{std::move(body), nullptr};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_t thread;
  const auto run = [](void* argument) -> void* {
    auto* given = static_cast<Call*>(argument);
    try {
      given->body();
      given->body = nullptr;  // what it holds is freed on this stack, too
    } catch (...) {
      given->error = std::current_exception();
    }
    return nullptr;
  };
  int refused = -1;
  for (std::size_t size = small_stack; refused != 0 && size <= 8 * small_stack; size += small_stack) {
    REQUIRE(pthread_attr_setstacksize(&attributes, size) == 0);
    refused = pthread_create(&thread, &attributes, run, &call);
  }
  REQUIRE(refused == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  if (call.error) std::rethrow_exception(call.error);
}

}  // namespace xgrad
