#pragma once

// One program, evaluated in one mode, and everything that could be seen of it.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/autograd/engine/networks/builder.hpp"
#include "tests/autograd/engine/networks/modes.hpp"

namespace xgrad::networks {

struct Seen {
  std::string name;
  Shape shape;
  DType dtype;
  std::vector<double> numbers;  // which hold every float
};

struct Result {
  std::vector<Seen> seen;
  std::string error;  ///< what was thrown, if something was
  std::int64_t unplanned = 0;

  const Seen* find(const std::string& name) const;
};

/// Where another run is given to follow, the parameters are set to what they were there after each step: what rounding
/// does in one step is not multiplied by the next.
Result run(const Recipe& recipe, const Mode& mode, const Result* followed = nullptr);

/// What the two below say of what the engine left to the reference kernels.
inline constexpr const char* not_planned = "not planned";

/// What differs first, in the order in which values were recorded; nothing if nothing does.
std::optional<std::string> difference_in_bits(const Result& expected, const Result& got);
/// What differs by more than 1e-9 of its scale, and by more than 1e-13 of the largest
/// of all that was seen in the step: a gradient that is 0 by the rules of algebra (of a bias before a normalisation, of
/// the scores of a softmax over a single one) comes out as what is left of some hundred terms of that size, each of
/// which is rounded by 1e-16 of it. Of the values that `allowed` names, what differs by more than that besides.
std::optional<std::string> difference_in_values(const Result& expected, const Result& got,
                                                const std::map<std::string, double>& allowed = {});

/// max(1, the largest finite magnitude).
double scale_of(const Seen& seen);
/// How far apart two elements are at most; infinitely where the shapes are not the same.
double largest_difference(const Seen& a, const Seen& b);

}  // namespace xgrad::networks
