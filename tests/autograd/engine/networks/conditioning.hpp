#pragma once

// What is compared with the reference kernels, and whether a difference says anything: a program may multiply the
// roundings of its own reference by more than the tolerance allows for.

#include <cstdint>
#include <optional>
#include <string>

#include "tests/autograd/engine/networks/run.hpp"

namespace xgrad::networks {

struct Judgement {
  std::optional<std::string> difference;       ///< where the engine is wrong
  std::optional<std::string> ill_conditioned;  ///< where engine and reference differ, and nobody can say who is wrong
};

/// Compares what the engine has computed with the reference kernels (difference_in_values). Where the two differ by
/// more than its tolerance, the reference runs again, 8 times, each with all leaves (parameters at each step, and data)
/// moved by one unit in the last place, up or down at random. A value by which they differ is ill-conditioned if it is
/// no farther from the reference than 8 times the farthest that these runs came, and no farther than 1e-6 of its scale.
/// All of them have to be, or the engine is wrong.
Judgement judge(const Recipe& recipe, const Result& computed, const Mode& mode = reference_mode());

/// How far engine and reference may differ where the reference itself moves as far as this.
double excused(double movement, double scale);

/// Whether that happens too often to be chance: more than once, and in more than 1 of 1,000 networks.
bool are_too_many(std::uint64_t ill_conditioned, std::uint64_t networks);

}  // namespace xgrad::networks
