#include "autograd/engine/run/blas_call.hpp"

#include <atomic>
#include <chrono>
#include <thread>

namespace xgrad {

namespace {

constinit std::atomic<int> calls{0};
constinit std::atomic<bool> ending{false};
constinit thread_local int own_calls = 0;
constinit thread_local bool ends_program = false;
constexpr int longest_wait = 1000;  // milliseconds

// Runs after the program has destroyed its static objects, and before libraries that this one uses are unloaded.
[[gnu::destructor]] void end_calls() {
  ends_program = true;
  ending.store(true);
  for (int i = 0; i < longest_wait && calls.load() > own_calls; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace

BlasCall::BlasCall() noexcept {
  ++own_calls;
  calls.fetch_add(1);
  if (!ending.load() || ends_program) [[likely]]
    return;
  calls.fetch_sub(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(longest_wait));
  calls.fetch_add(1);
}

BlasCall::~BlasCall() {
  calls.fetch_sub(1);
  --own_calls;
}

}  // namespace xgrad
