#include "benchmarks/measure.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <sstream>
#include <thread>

namespace benchmarks {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void set_blas_threads(int count) {
  static const auto set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  if (set != nullptr) set(count);
}

void apply(const Setting& setting) {
  setting.set_threads();
  set_blas_threads(setting.blas_threads);
}

std::string difference(const std::vector<Numbers>& first, const std::vector<Numbers>& second, double tolerance,
                       const std::vector<Numbers>& amplified) {
  std::ostringstream text;
  if (first.size() != second.size()) text << first.size() << " and " << second.size() << " arrays";
  for (std::size_t i = 0; i < std::min(first.size(), second.size()); ++i) {
    if (first[i].size() != second[i].size()) {
      text << "array " << i << " has " << first[i].size() << " and " << second[i].size() << " numbers";
      break;
    }
    double largest = 0;
    for (const double number : second[i]) largest = std::max(largest, std::abs(number));
    for (std::size_t j = 0; j < first[i].size(); ++j) {
      const double beside = amplified.empty() ? 0 : amplified[i][j];
      if (std::abs(first[i][j] - second[i][j]) <= tolerance * largest + beside) continue;
      text << "number " << j << " of array " << i << " is " << first[i][j] << " and " << second[i][j];
      return text.str();
    }
  }
  return text.str();
}

/// One way to run one side, and how long its calls took.
struct Lane {
  const Work* work;
  Setting setting;
  int calls = 1;  ///< timed together, so that the clock does not matter
  std::vector<double> samples;

  double time_calls(int count) const {
    const auto start = Clock::now();
    for (int i = 0; i < count; ++i) work->run();
    return seconds_since(start) / count;
  }
  void choose_calls() {
    apply(setting);
    work->run();
    const double once = std::min(time_calls(1), time_calls(1));
    calls = std::clamp(static_cast<int>(100e-6 / once), 1, 1000);
  }
  /// Samples for about this long, after a pause.
  void take_turn(double seconds, std::chrono::milliseconds pause) {
    apply(setting);
    std::this_thread::sleep_for(pause);
    time_calls(calls);
    const auto start = Clock::now();
    do {
      samples.push_back(time_calls(calls));
    } while (seconds_since(start) < seconds);
  }
  double median() {
    std::sort(samples.begin(), samples.end());
    const std::size_t half = samples.size() / 2;
    return samples.size() % 2 == 1 ? samples[half] : (samples[half - 1] + samples[half]) / 2;
  }
};

}  // namespace

Comparison compare(const Contender& first, const Contender& second, double tolerance, double seconds) {
  Comparison comparison;
  for (const Contender* contender : {&first, &second}) {
    apply(contender->settings.front());
    for (int i = 0; i < 3; ++i) {
      contender->work.run();
      if (contender->work.observe) contender->work.observe();
    }
  }
  comparison.difference = difference(first.work.results(), second.work.results(), tolerance,
                                     second.work.amplified ? second.work.amplified() : std::vector<Numbers>());
  if (!comparison.difference.empty()) return comparison;

  std::vector<Lane> lanes;
  for (const Contender* contender : {&first, &second})
    for (const Setting& setting : contender->settings) lanes.push_back({&contender->work, setting, 1, {}});
  // Whatever threads the lane before left spinning have gone to sleep by then: those of OpenBLAS take 2^26 cycles.
  const std::chrono::milliseconds pause(lanes.size() > 2 ? 40 : 5);
  const auto start = Clock::now();
  for (Lane& lane : lanes) lane.choose_calls();
  constexpr int turns = 10;
  for (int turn = 0; turn < turns && (turn < 3 || seconds_since(start) < 2 * seconds); ++turn)
    for (Lane& lane : lanes) lane.take_turn(seconds / turns / static_cast<double>(lanes.size()), pause);

  comparison.first_us = comparison.second_us = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    double& best = i < first.settings.size() ? comparison.first_us : comparison.second_us;
    best = std::min(best, lanes[i].median() * 1e6);
  }
  return comparison;
}

}  // namespace benchmarks
