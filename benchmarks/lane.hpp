#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "benchmarks/work.hpp"

namespace benchmarks {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start);

/// A way to run a side: what to call before, and how many threads BLAS gets.
struct Setting {
  std::function<void()> set_threads;
  int blas_threads;
};
void apply(const Setting& setting);

/// The three calls after which results are compared. Returns how many seconds the first of them took.
double first_calls(const Work& work);

/// One way to run one side, and how long its calls took.
struct Lane {
  const Work* work;
  Setting setting;
  int calls = 1;  ///< timed together, so that the clock does not matter
  std::vector<double> samples{};

  void choose_calls();
  /// Samples for about this long, after a pause.
  void take_turn(double seconds, std::chrono::milliseconds pause);
  double median();

 private:
  double time_calls(int count) const;
};

/// Whatever threads the lane before left spinning have gone to sleep by then: those of OpenBLAS take 2^26 cycles.
inline std::chrono::milliseconds pause_between(std::size_t lanes) {
  return std::chrono::milliseconds(lanes > 2 ? 40 : 5);
}

}  // namespace benchmarks
