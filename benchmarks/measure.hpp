#pragma once

#include <string>
#include <vector>

#include "benchmarks/lane.hpp"
#include "benchmarks/work.hpp"

namespace benchmarks {

struct Contender {
  Work work;
  std::vector<Setting> settings;  ///< the best median among these counts
};

struct Comparison {
  double first_us = 0, second_us = 0;
  std::string difference;  ///< empty if the results agree
};

/// Runs both, compares their results, and then times them in turn for about `seconds` altogether.
Comparison compare(const Contender& first, const Contender& second, double tolerance, double seconds);

}  // namespace benchmarks
