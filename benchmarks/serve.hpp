#pragma once

#include <map>
#include <string>
#include <vector>

#include "benchmarks/lane.hpp"
#include "benchmarks/work.hpp"

namespace benchmarks {

struct Side {
  const Cases* cases;
  std::vector<Setting> settings;  ///< the best median among these counts
};

/// Runs what the lines of stdin say, and answers each with a line of JSON on stdout:
///     about              {"blas": ...}                          the BLAS of both sides
///     setup SIDE CASE    {"first_us": ..., "tolerance": ...}    sets a side of a case up and calls it three times
///     results FILE       {"arrays": N}                          what that came to (see write_arrays)
///     amplified FILE     {"arrays": N}                          how far results may lie apart beside the tolerance
///     turn SECONDS       {"us": [[...], ...]}                   samples of each setting
///     drop               {}                                     forgets it
/// or with {"error": ...}. Returns the program's status.
int serve(const std::map<std::string, Side>& sides);

}  // namespace benchmarks
