#pragma once

#include <cstdint>
#include <mutex>

namespace xgrad {

/// While a NoFork lives, fork() in other threads waits. Its own thread may fork; the child then finds that thread's
/// data as they are, and other threads' data in the middle of a change.
class NoFork {
 public:
  NoFork() noexcept { enter(); }
  ~NoFork() { leave(); }
  NoFork(const NoFork&) = delete;
  NoFork& operator=(const NoFork&) = delete;

  static void enter() noexcept;
  static void leave() noexcept;
  /// For a thread that works for another one, which has a NoFork: its own NoForks never wait for a fork, nor a fork for
  /// them.
  static void always() noexcept;
};

/// How many forks lie between the first process and this one. Where it has changed, the other threads are gone.
std::uint32_t forks() noexcept;

/// A mutex that no other thread holds during a fork, so that the child finds it free and its data consistent. The
/// library has no other mutexes.
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
