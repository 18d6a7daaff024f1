#pragma once

// The checks of one random network: against the reference kernels, and bit for bit against itself.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/autograd/engine/networks/builder.hpp"
#include "tests/autograd/engine/networks/modes.hpp"

namespace xgrad::networks {

struct Failure {
  Recipe recipe;
  Mode mode;
  bool against_reference = false;
  std::string difference;

  /// The mode and the dtype, for counting.
  std::string kind() const;
};

/// What was checked how often, and how often it failed.
struct Tally {
  std::map<std::string, int> checked, failed;
  std::vector<std::string> ill_conditioned;  ///< seeds with their figures, one line each; no failures (see judge)
};

/// Checks a seed against the reference kernels and in some of the modes, which take turns from seed to seed.
std::vector<Failure> check_network(std::uint64_t seed, int modes, Tally& tally);

/// Seed, kind and what differs first, in one line.
std::string headline(const Failure& failure);
/// The failure with the program, and with a smaller one that fails, too.
std::string report(const Failure& failure);

/// The program, as somebody could have written it.
std::string listing(const Recipe& recipe);

struct Seeds {
  std::uint64_t first = 0, count = 0;
};
/// `first:count`, or a count alone. Throws for anything else.
Seeds parse_seeds(const std::string& text);

}  // namespace xgrad::networks
