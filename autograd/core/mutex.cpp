#include "autograd/core/mutex.hpp"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace xgrad {

namespace {

constinit std::atomic<std::uint32_t> threads_inside{0}, forking{0}, forked{0};
constinit std::mutex one_fork;
constinit thread_local std::uint32_t depth = 0;

// A thread that forks inside its own NoFork does not wait, because others may wait for that NoFork.
void before_fork() {
  if (depth > 0) return;
  one_fork.lock();
  forking.store(1);
  while (threads_inside.load() > 0) std::this_thread::sleep_for(std::chrono::microseconds(20));
}

void after_fork() {
  if (depth > 0) return;
  forking.store(0);
  forking.notify_all();
  one_fork.unlock();
}

void after_fork_in_child() {
  forked.fetch_add(1, std::memory_order_relaxed);
  if (depth > 0) threads_inside.store(1);  // the other threads do not exist in the child
  after_fork();
}

[[maybe_unused]] const int handlers = pthread_atfork(before_fork, after_fork, after_fork_in_child);

}  // namespace

void NoFork::enter() noexcept {
  if (depth++ > 0) return;
  for (;;) {
    threads_inside.fetch_add(1);
    if (forking.load() == 0) return;
    threads_inside.fetch_sub(1);
    forking.wait(1);
  }
}

void NoFork::leave() noexcept {
  if (--depth == 0) threads_inside.fetch_sub(1, std::memory_order_release);
}

void NoFork::always() noexcept { ++depth; }

std::uint32_t forks() noexcept { return forked.load(std::memory_order_relaxed); }

}  // namespace xgrad
