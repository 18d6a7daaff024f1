#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace benchmarks {

/// The numbers of one array, row-major.
using Numbers = std::vector<double>;

/// One side of a case, with its own copy of the inputs.
struct Work {
  std::function<void()> run;                      ///< what is timed; it may go on from where the last call left off
  std::function<std::vector<Numbers>()> results;  ///< what the calls so far came to
  std::function<void()> observe{};                ///< called after each of the first calls, untimed, where it is there
  /// How far each result may be off beside its tolerance, since the case amplifies rounding errors; known from what was
  /// observed. Where it is there.
  std::function<std::vector<Numbers>()> amplified{};
};

/// The cases of one side, by name, in the order in which they are shown. A maker sets its side of the case up.
class Cases {
 public:
  struct Case {
    std::string name;
    std::function<Work()> make;
    double tolerance;  ///< how far results may lie apart, relative to the largest number of their array
  };

  void add(std::string name, std::function<Work()> make, double tolerance = 1e-4) {
    cases_.push_back({std::move(name), std::move(make), tolerance});
  }
  const std::vector<Case>& all() const { return cases_; }
  /// Null if there is none of this name.
  const Case* find(const std::string& name) const {
    for (const Case& each : cases_)
      if (each.name == name) return &each;
    return nullptr;
  }

 private:
  std::vector<Case> cases_;
};

}  // namespace benchmarks
