#pragma once

#include <cstdint>
#include <vector>

namespace xgrad::scale {

/// What ranks and what is between them take.
struct Machine {
  double latency = 20e-6;   ///< seconds from a message's start to its arrival, for its first byte
  double overhead = 1e-6;   ///< seconds that a rank is busy with a message, whatever its size
  double bandwidth = 12e9;  ///< bytes a second that a rank sends, and at the same time receives
  double combine = 8e9;     ///< bytes a second that a rank adds up
  double jitter = 0;        ///< how much the ranks' times of computation differ: their deviation, relative
  int cores = 0;            ///< that all ranks share; 0 where each has its own
  bool progress = true;     ///< whether messages get on while a rank computes, rather than between buckets alone
};

/// What a step does.
struct Work {
  double compute = 0;                ///< seconds of forward pass and way back, on one rank, for its part of the batch
  double forward = 1.0 / 3;          ///< the part of it before the first gradient
  std::vector<double> bucket_bytes;  ///< in the order in which they are computed
};

struct Simulated {
  double compute = 0;   ///< seconds that the slowest rank computes
  double exchange = 0;  ///< seconds that the buckets would take one after another, alone
  double step = 0;      ///< seconds from the first to the last rank's end, without the update
  double overlap = 0;   ///< the part of the exchange that is behind computation
};

enum class Algorithm {
  direct,  ///< what xgrad does: each rank sends each other one its slice, adds its own up, sends it to all
  ring,    ///< the same by 2 (K - 1) messages to the neighbour
  tree     ///< halving and doubling: log2(K) exchanges of K/2, K/4, ... slices, and back
};

/// One step on so many ranks, message by message.
Simulated simulate(const Machine& machine, const Work& work, int ranks, Algorithm algorithm, std::uint64_t seed = 1);

}  // namespace xgrad::scale
