#pragma once

#include <string>

#include "parallel/parallel.hpp"

namespace xgrad::scale {

struct Measured {
  int ranks = 1, threads = 1;
  double latency = 0;    ///< seconds of a message of 8 bytes, with what ranks agree on before
  double bandwidth = 0;  ///< bytes a second that a rank sends to its neighbour, while it receives as many
  double combine = 0;    ///< bytes a second that are added up
  double compute = 0;    ///< seconds of a rank's step by itself, while the others make theirs
  double exchange = 0;   ///< seconds that the gradients take, alone
  double step = 0;       ///< seconds of a step together
  double apart = 0;      ///< the same, in buckets of a quarter of a MiB
  double mnist = 0;      ///< images a second, 784-128-10, batch 64 (the whole one)
  double bytes = 0;      ///< of all gradients
};

/// On all ranks; what counts is the slowest one.
Measured measure(const parallel::Communicator& ranks, double seconds);

/// One line, and back.
std::string line_of(const Measured& measured);
Measured measured_of(const std::string& line);

}  // namespace xgrad::scale
