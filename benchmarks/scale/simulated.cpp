#include "benchmarks/scale/simulated.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autograd/core/random.hpp"

namespace xgrad::scale {

namespace {

using Times = std::vector<double>;

double latest(const Times& times) { return *std::max_element(times.begin(), times.end()); }

/// When each rank is through with a message that it sends and one that it receives, of so many bytes, `away` ranks on.
/// It sends when it is free itself; what it receives waits for its own link.
Times pass(const Machine& machine, const Times& free, std::size_t away, double bytes) {
  const std::size_t ranks = free.size();
  Times after(ranks);
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const std::size_t from = (rank + ranks - away) % ranks;
    const double sent = free[rank] + machine.overhead + bytes / machine.bandwidth;
    const double came =
        std::max(free[from] + machine.latency, free[rank]) + machine.overhead + bytes / machine.bandwidth;
    after[rank] = std::max(sent, came);
  }
  return after;
}

// What is sent one after another to all others overlaps on the way: each rank's link is busy, the latency is paid once.
Times to_all(const Machine& machine, const Times& ready, double bytes) {
  const std::size_t ranks = ready.size();
  Times sending = ready, receiving = ready;
  for (std::size_t away = 1; away < ranks; ++away) {
    const Times begin = sending;
    for (double& time : sending) time += machine.overhead + bytes / machine.bandwidth;
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      const std::size_t from = (rank + ranks - away) % ranks;
      receiving[rank] =
          std::max(receiving[rank] + machine.overhead, begin[from] + machine.latency) + bytes / machine.bandwidth;
    }
  }
  for (std::size_t rank = 0; rank < ranks; ++rank) receiving[rank] = std::max(receiving[rank], sending[rank]);
  return receiving;
}

// The ranks first compare what they are about to do: a number or two, up a tree and down.
Times agree(const Machine& machine, Times at) {
  for (std::size_t away = 1; away < at.size(); away *= 2) at = pass(machine, at, away, 16);
  return at;
}

Times exchange(const Machine& machine, Times at, double bytes, Algorithm algorithm) {
  const std::size_t ranks = at.size();
  if (ranks == 1) return at;
  const double slice = bytes / static_cast<double>(ranks);
  at = agree(machine, std::move(at));
  const auto add = [&](double amount) {
    for (double& time : at) time += amount / machine.combine;
  };
  if (algorithm == Algorithm::direct) {
    at = to_all(machine, at, slice);
    add(bytes - slice + 2 * slice);  // its own slice is copied in, and the sum out
    return to_all(machine, at, slice);
  }
  if (algorithm == Algorithm::ring) {
    for (std::size_t i = 1; i < ranks; ++i) {
      at = pass(machine, at, 1, slice);
      add(slice);
    }
    for (std::size_t i = 1; i < ranks; ++i) at = pass(machine, at, 1, slice);
    return at;
  }
  double part = bytes;
  std::size_t away = 1;
  for (; away < ranks; away *= 2) {
    part /= 2;
    at = pass(machine, at, away, part);
    add(part);
  }
  for (away /= 2; away >= 1; away /= 2, part *= 2) at = pass(machine, at, away, part);
  return at;
}

}  // namespace

Simulated simulate(const Machine& given, const Work& work, int ranks, Algorithm algorithm, std::uint64_t seed) {
  Machine machine = given;
  const auto count = static_cast<std::size_t>(ranks);
  // Where ranks share cores, whatever a core does takes that much longer.
  const double share = given.cores > 0 ? std::max(1.0, static_cast<double>(ranks) / given.cores) : 1;
  machine.bandwidth /= share;
  machine.combine /= share;
  machine.overhead *= share;
  Rng rng(seed);
  Times speed(count, 1);
  for (double& each : speed) {  // the sum of twelve is nearly normal
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(rng.below(1u << 20)) / (1u << 20);
    each = std::max(0.2, 1 + machine.jitter * sum);
  }
  const double all = std::accumulate(work.bucket_bytes.begin(), work.bucket_bytes.end(), 0.0);
  Times computed(count), busy(count, 0.0), nothing(count, 0.0);
  for (std::size_t rank = 0; rank < count; ++rank) computed[rank] = work.compute * work.forward * share * speed[rank];
  Simulated result;
  for (const double bytes : work.bucket_bytes) {
    for (std::size_t rank = 0; rank < count; ++rank)
      computed[rank] += work.compute * (1 - work.forward) * (bytes / all) * share * speed[rank];
    for (std::size_t rank = 0; rank < count; ++rank) busy[rank] = std::max(busy[rank], computed[rank]);
    const Times before = busy;
    busy = exchange(machine, busy, bytes, algorithm);
    if (!machine.progress)  // the cores that would compute move the bytes
      for (std::size_t rank = 0; rank < count; ++rank) computed[rank] += busy[rank] - before[rank];
    nothing = exchange(machine, nothing, bytes, algorithm);
  }
  for (std::size_t rank = 0; rank < count; ++rank)
    result.compute = std::max(result.compute, work.compute * share * speed[rank]);
  result.exchange = latest(nothing);
  result.step = std::max(latest(busy), latest(computed));
  result.overlap = result.exchange > 0
                       ? std::clamp((result.compute + result.exchange - result.step) / result.exchange, 0.0, 1.0)
                       : 0;
  return result;
}

}  // namespace xgrad::scale
