#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <thread>

namespace xgrad::data {

/// One piece of work at a time in another thread. What it throws comes out here.
class Background {
 public:
  Background() = default;
  /// Waits; an error that nobody has asked for is told in a line on stderr.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Waits for the work before, then starts this one. Throws what that has thrown, and starts nothing then. Where no
  /// thread can be had, the work is done here.
  void start(std::function<void()> work);
  /// Waits, and throws what the work has thrown.
  void wait();
  /// The same if it is done already. Whether there is nothing to wait for.
  bool poll();

 private:
  std::thread thread_;
  std::atomic<bool> done_{true};
  std::exception_ptr error_;
};

}  // namespace xgrad::data
