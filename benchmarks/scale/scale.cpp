// What training on many processes costs.
//
//     mpirun -n 2 scale --measure [SECONDS]    one line of what this machine takes
//     scale --check LINES                      a table: the measured lines beside the simulation
//     scale --overhead LINES                   a table: processes of one thread beside threads of one process
//     scale                                    tables: what the simulation says of 2 to 1,024 machines
//
// `./run scale` does all of it.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "benchmarks/scale/measured.hpp"
#include "benchmarks/scale/simulated.hpp"

using namespace xgrad;
using namespace xgrad::scale;

namespace {

std::vector<double> buckets_of(double bytes, double size) {
  const int count = std::max(1, static_cast<int>(std::lround(bytes / size)));
  return std::vector<double>(static_cast<std::size_t>(count), bytes / count);
}

/// This machine, as one and two ranks show it: memory for a network, its cores for everything.
Machine this_machine(const std::vector<Measured>& lines) {
  Machine machine;
  machine.cores = static_cast<int>(std::thread::hardware_concurrency());
  machine.progress = false;
  for (const Measured& each : lines) {
    if (each.ranks == 1) machine.combine = each.combine;
    if (each.ranks != 2) continue;
    machine.latency = each.latency / 2;  // what ranks agree on goes before
    machine.bandwidth = each.bandwidth;
  }
  return machine;
}

void check(const std::vector<Measured>& lines) {
  const Machine machine = this_machine(lines);
  std::printf("This machine: latency %.1f us, %.2f GB/s between ranks, %.2f GB/s added up, %d cores\n\n",
              1e6 * machine.latency, machine.bandwidth / 1e9, machine.combine / 1e9, machine.cores);
  std::printf(
      "| ranks x threads | computing, ms | exchange alone, ms: measured | simulated | step, ms: measured | "
      "simulated | ratio | in small buckets, ms | overlap | 784-128-10, images/s |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n");
  for (const Measured& each : lines) {
    const double share = std::max(1.0, static_cast<double>(each.ranks) / machine.cores);
    const Work work{each.compute / share, 1.0 / 3, buckets_of(each.bytes, 4 << 20)};
    const Simulated simulated = simulate(machine, work, each.ranks, Algorithm::direct);
    const double behind =
        each.exchange > 0 && each.ranks > 1 ? (each.compute + each.exchange - each.step) / each.exchange : 0;
    std::printf("| %d x %d | %.2f | %.2f | %.2f | %.2f | ", each.ranks, each.threads, 1e3 * each.compute,
                each.ranks > 1 ? 1e3 * each.exchange : 0, 1e3 * simulated.exchange, 1e3 * each.step);
    if (each.threads == 1)
      std::printf("%.2f | %.2f", 1e3 * simulated.step, simulated.step / each.step);
    else
      std::printf("- | -");
    std::printf(" | %.2f | %.0f %% | %.0f |\n", 1e3 * each.apart, 100 * behind, each.mnist);
  }
}

/// One rank on each machine, each with a batch of its own: the same work on each, whatever their number.
void table(const char* title, const Machine& machine, const Work& work) {
  std::printf("\n%s: latency %.0f us, %.2f GB/s, %.0f MB of gradients, %.0f ms of computing, jitter %.0f %%\n\n", title,
              1e6 * machine.latency, machine.bandwidth / 1e9,
              work.bucket_bytes[0] * static_cast<double>(work.bucket_bytes.size()) / 1e6, 1e3 * work.compute,
              100 * machine.jitter);
  std::printf(
      "| ranks | sent by each, MB | direct, ms | ring, ms | tree, ms | step, ms: behind computing | hidden | "
      "efficiency | "
      "step, ms: not behind | efficiency |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n");
  for (int ranks = 2; ranks <= 1024; ranks *= 2) {
    const Simulated direct = simulate(machine, work, ranks, Algorithm::direct);
    Machine alone = machine;
    alone.progress = false;
    const double apart = simulate(alone, work, ranks, Algorithm::direct).step;
    double bytes = 0;
    for (const double each : work.bucket_bytes) bytes += 2 * each * (ranks - 1) / ranks;
    std::printf("| %d | %.0f | %.1f | %.1f | %.1f | %.1f | %.0f %% | %.0f %% | %.1f | %.0f %% |\n", ranks, bytes / 1e6,
                1e3 * direct.exchange, 1e3 * simulate(machine, work, ranks, Algorithm::ring).exchange,
                1e3 * simulate(machine, work, ranks, Algorithm::tree).exchange, 1e3 * direct.step, 100 * direct.overlap,
                100 * work.compute / direct.step, 1e3 * apart, 100 * work.compute / apart);
  }
}

std::vector<Measured> lines_of(const char* path) {
  std::vector<Measured> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.rfind("measured ", 0) == 0) lines.push_back(measured_of(line));
  return lines;
}

void overhead(const std::vector<Measured>& lines) {
  const auto of = [&](int ranks, int threads) {
    for (const Measured& each : lines)
      if (each.ranks == ranks && each.threads == threads) return each;
    return Measured{};
  };
  const Measured one = of(1, 1), threads = of(1, 2), ranks = of(2, 1);
  std::printf(
      "| | 1 process, 1 thread | 1 process, 2 threads | 2 processes, 1 thread each | 2 processes / 2 threads |\n"
      "|---|---|---|---|---|\n");
  std::printf("| 784-128-10, batch 64, Adam, us a step | %.0f | %.0f | %.0f | %.2f |\n", 64e6 / one.mnist,
              64e6 / threads.mnist, 64e6 / ranks.mnist, threads.mnist / ranks.mnist);
  std::printf("| 3 layers of 1,024, batch 256, SGD, us a step | %.0f | %.0f | %.0f | %.2f |\n", 1e6 * one.compute,
              1e6 * threads.compute, 1e6 * ranks.step, ranks.step / threads.compute);
}

void tables() {
  // A transformer of 350 million parameters, whose step takes some tens of cores two seconds; and 3 million, 20 ms.
  const Work large{2, 1.0 / 3, buckets_of(1.4e9, 25e6)}, small{0.02, 1.0 / 3, buckets_of(12.6e6, 4 << 20)};
  table("100 Gbit/s", {.latency = 5e-6, .bandwidth = 12e9, .jitter = 0.02}, large);
  table("10 Gbit/s", {.latency = 30e-6, .overhead = 3e-6, .bandwidth = 1.2e9, .jitter = 0.02}, large);
  table("10 Gbit/s, a small model", {.latency = 30e-6, .overhead = 3e-6, .bandwidth = 1.2e9, .jitter = 0.02}, small);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "--measure") {
    const auto ranks = parallel::Communicator::world();
    const Measured measured = measure(ranks, argc > 2 ? std::atof(argv[2]) : 2);
    if (ranks.rank() == 0) std::printf("%s\n", line_of(measured).c_str());
  } else if (command == "--check" && argc > 2) {
    check(lines_of(argv[2]));
  } else if (command == "--overhead" && argc > 2) {
    overhead(lines_of(argv[2]));
  } else {
    tables();
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
