#include "benchmarks/lane.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <thread>

namespace benchmarks {

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void apply(const Setting& setting) {
  static const auto set_blas_threads = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  setting.set_threads();
  if (set_blas_threads != nullptr) set_blas_threads(setting.blas_threads);
}

double first_calls(const Work& work) {
  double first = 0;
  for (int i = 0; i < 3; ++i) {
    const auto start = Clock::now();
    work.run();
    if (i == 0) first = seconds_since(start);
    if (work.observe) work.observe();
  }
  return first;
}

double Lane::time_calls(int count) const {
  const auto start = Clock::now();
  for (int i = 0; i < count; ++i) work->run();
  return seconds_since(start) / count;
}

void Lane::choose_calls() {
  apply(setting);
  work->run();
  const double once = std::min(time_calls(1), time_calls(1));
  calls = std::clamp(static_cast<int>(100e-6 / once), 1, 1000);
}

void Lane::take_turn(double seconds, std::chrono::milliseconds pause) {
  apply(setting);
  std::this_thread::sleep_for(pause);
  time_calls(calls);
  const auto start = Clock::now();
  do {
    samples.push_back(time_calls(calls));
  } while (seconds_since(start) < seconds);
}

double Lane::median() {
  std::sort(samples.begin(), samples.end());
  const std::size_t half = samples.size() / 2;
  return samples.size() % 2 == 1 ? samples[half] : (samples[half - 1] + samples[half]) / 2;
}

}  // namespace benchmarks
