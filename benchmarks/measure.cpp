#include "benchmarks/measure.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "benchmarks/lane.hpp"

namespace benchmarks {

namespace {

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

}  // namespace

Comparison compare(const Contender& first, const Contender& second, double tolerance, double seconds) {
  Comparison comparison;
  for (const Contender* contender : {&first, &second}) {
    apply(contender->settings.front());
    first_calls(contender->work);
  }
  comparison.difference = difference(first.work.results(), second.work.results(), tolerance,
                                     second.work.amplified ? second.work.amplified() : std::vector<Numbers>());
  if (!comparison.difference.empty()) return comparison;

  std::vector<Lane> lanes;
  for (const Contender* contender : {&first, &second})
    for (const Setting& setting : contender->settings) lanes.push_back({&contender->work, setting});
  const std::chrono::milliseconds pause = pause_between(lanes.size());
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
