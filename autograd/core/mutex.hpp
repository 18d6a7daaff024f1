#pragma once

#include <cstdint>
#include <mutex>

namespace xgrad {

/// While it lives, no other thread forks the process: fork() waits for it. The thread of it may fork, whose child finds
/// everything as that thread left it, and what other threads were at in the middle of it.
class NoFork {
 public:
  NoFork() noexcept { enter(); }
  ~NoFork() { leave(); }
  NoFork(const NoFork&) = delete;
  NoFork& operator=(const NoFork&) = delete;

  static void enter() noexcept;
  static void leave() noexcept;
  /// For a thread that works for another one, which has a NoFork: it never waits for a fork, nor does its own wait.
  static void always() noexcept;
};

/// How often this process, or one that it comes from, was forked off. What other threads had is gone where this
/// changes.
std::uint32_t forks() noexcept;

/// A mutex that no other thread holds when the process is forked, so that the child finds it free, and what it guards
/// whole. The library has no other ones.
class Mutex {
 public:
  void lock() {
    NoFork::enter();
    mutex_.lock();
  }
  bool try_lock() {
    NoFork::enter();
    const bool locked = mutex_.try_lock();
    if (!locked) NoFork::leave();
    return locked;
  }
  void unlock() {
    mutex_.unlock();
    NoFork::leave();
  }

 private:
  std::mutex mutex_;
};

}  // namespace xgrad
