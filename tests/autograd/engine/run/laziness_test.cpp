// Loops as people write them, without a word about when things are computed. After some iterations each of them holds
// the same memory and the same number of entries at the end of each iteration, and computes the same number of entries
// in each, as many as the same loop with an `evaluate` in the right place.

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/engine/run/executor.hpp"
#include "autograd/tape/slab.hpp"
#include "tests/autograd/engine/run/lazy_loops.hpp"

namespace xgrad::lazy::laziness_test {
namespace {

/// The most that lived at the ends of some iterations, and how many entries they computed.
struct Cost {
  std::int64_t entries = 0, bytes = 0, computed = 0;
};

constexpr int warm_up = 40, counted = 60;

Cost cost_of(const Iteration& iteration, int first) {
  const std::int64_t computed = entries_computed();
  Cost cost;
  for (int i = first; i < first + counted; ++i) {
    iteration(i);
    cost.entries = std::max(cost.entries, live_entries());
    cost.bytes = std::max(cost.bytes, static_cast<std::int64_t>(memory_use().live));
  }
  cost.computed = entries_computed() - computed;
  return cost;
}

}  // namespace

TEST_CASE("loops in which nobody says when to compute hold the same all the time", "[laziness]") {
  for (const Loop& loop : loops()) {
    DYNAMIC_SECTION(loop.name) {
      const Iteration plain = loop.make(false), placed = loop.make(true);
      for (int i = 0; i < warm_up; ++i) plain(i), placed(i);
      const Cost early = cost_of(plain, warm_up), late = cost_of(plain, warm_up + counted);
      const std::int64_t kept = counted * loop.kept;
      CHECK(late.entries - early.entries <= kept);
      CHECK(late.bytes - early.bytes <= 32 * kept);
      CHECK(static_cast<double>(late.computed) <= 1.1 * static_cast<double>(cost_of(placed, warm_up).computed));
    }
  }
}

TEST_CASE("the history of a tracked Tensor that a loop goes on with is looked through from time to time",
          "[laziness]") {
  Tensor w = track(ones({features}));
  const Tensor x = some({batch, features});
  const std::int64_t before = live_entries();
  std::int64_t most = 0;
  for (int i = 0; i < 4000; ++i) {
    const Tensor loss = mean(square(matmul(x, w)));
    const Tensor g = grad(loss, w);
    loss.item();
    w = track(w - 0.01 * g);
    most = std::max(most, live_entries() - before);
  }
  CHECK(most < 32768);  // of more than 70,000 in all
}

TEST_CASE("what a loop adds up without ever reading it is computed from time to time", "[laziness]") {
  Model model;
  const Tensor x = some({batch, features});
  Tensor total = zeros({3});
  const NoGrad untracked;
  const std::int64_t before = live_entries();
  std::int64_t most = 0;
  for (int i = 0; i < 3000; ++i) {
    total += mean(model(x), 0);
    most = std::max(most, live_entries() - before);
  }
  CHECK(most < 16384);  // of 48,000 in all
  CHECK_FALSE(total.evaluated());
  for (const double each : total.to_vector()) CHECK(std::isfinite(each));
}

TEST_CASE("what a loop adds up from large pieces is computed from time to time", "[laziness]") {
  const NoGrad untracked;
  Tensor total = zeros({});
  const std::size_t before = memory_use().live;
  std::size_t most = 0;
  for (int i = 0; i < 400; ++i) {
    total += sum(tensor(std::vector<float>(1 << 18, 1.0f)));
    most = std::max(most, memory_use().live - before);
  }
  CHECK(most < std::size_t{200} << 20);  // of 400 MiB in all
  CHECK(total.item() == 400.0 * (1 << 18));
}

}  // namespace xgrad::lazy::laziness_test
