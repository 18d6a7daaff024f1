// A process that trains for ever does not grow, and a tape of a million entries stays small.

#include <sys/resource.h>

#include "autograd/autograd.hpp"
#include "autograd/engine/run/plan_cache.hpp"
#include "autograd/tape/slab.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/process/child.hpp"

namespace xgrad::drift_test {
namespace {

constexpr int steps = sanitized ? 2'000 : 100'000, warm_up = steps / 10;

double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// What there is after each of some equal stretches: the last is no more than the first, but for a MiB.
template <class Step>
void check_drift(Step step) {
  for (int i = 0; i < warm_up; ++i) step(i);
  const std::int64_t entries = live_entries();
  const MemoryUse memory = memory_use();
  const long resident = status_of_process("VmRSS");
  for (int i = 0; i < steps; ++i) step(i);
  CHECK(live_entries() <= entries + 1000);
  CHECK(memory_use().live <= memory.live + 65536);
  CHECK(fused::plan_bytes() <= fused::plan_memory());
  const long more = status_of_process("VmRSS") - resident;
  std::printf("%ld KiB more than %ld after %d steps, %.1f s\n", more, resident, steps, processor_seconds());
  if (!sanitized) CHECK(more <= 1024);
}

// All of them are on the way back.
void chain() {
  const Tensor x = track(tensor(0.5f));
  Tensor y = x;
  for (int i = 0; i < 1'000'000; ++i) y = sin(y);
  const double slope = grad(y, x).item();
  CHECK((slope > 0 && slope < 1e-3));
}

}  // namespace

TEST_CASE("child: an MLP trains for ever", "[.drift_mlp]") {
  seed(1);
  nn::Linear hidden(6, 8), output(8, 2);
  std::vector<Parameter> parameters = hidden.parameters();
  for (const Parameter& each : output.parameters()) parameters.push_back(each);
  optim::Optimizer optimizer(parameters, optim::adam(1e-3));
  Rng rng(2);
  check_drift([&](int i) {
    const Tensor x = normal({4, 6}, rng);
    const Tensor loss = mean(square(output(tanh(hidden(x)))));
    optimizer.step(grad(loss, parameters));
    if (i % 100 == 0) CHECK(std::isfinite(loss.item()));
  });
}

TEST_CASE("child: an RNN trains for ever on sequences of any length", "[.drift_rnn]") {
  seed(1);
  nn::Linear in(3, 4), state(4, 4);
  std::vector<Parameter> parameters = in.parameters();
  for (const Parameter& each : state.parameters()) parameters.push_back(each);
  optim::Optimizer optimizer(parameters, optim::sgd(1e-2));
  Rng rng(2);
  check_drift([&](int i) {
    const auto length = static_cast<std::int64_t>(1 + rng.below(12));
    const Tensor xs = normal({length, 2, 3}, rng);
    Tensor h = zeros({2, 4});
    for (std::int64_t t = 0; t < length; ++t) h = tanh(in(xs[t]) + state(h));
    const Tensor loss = mean(square(h));
    optimizer.step(grad(loss, parameters));
    if (i % 100 == 0) CHECK(std::isfinite(loss.item()));
  });
}

TEST_CASE("child: a million entries", "[.million]") {
  chain();
  // The code of the tests is none of the chain's memory: how many of its pages are mapped depends on what runs beside.
  const long code = status_of_process("RssFile"), most = status_of_process("VmHWM") - code;
  REQUIRE(code > 0);
  std::printf("%ld KiB at most, without %ld of code, %.2f s of processors\n", most, code, processor_seconds());
  CHECK(most <= 400 * 1024);
  CHECK(processor_seconds() <= 2 * std::max(1, num_threads()));
}

TEST_CASE("a hundred thousand steps take no memory", "[process]") {
  const std::string which = GENERATE("[.drift_mlp]", "[.drift_rnn]");
  const Ended ended = run_apart(which);
  INFO(ended);
  CHECK(ended.well());
}

TEST_CASE("a million entries take little memory in every setting", "[process]") {
  if (sanitized) return;
  const std::string setting =
      GENERATE("", "XGRAD_NUM_THREADS=1", "XGRAD_NUM_THREADS=8", "XGRAD_TIER=interpreted", "XGRAD_TIER=compile-at-once",
               "XGRAD_ISA=generic", "XGRAD_MEMORY_BUDGET=64M", "XGRAD_EAGER=1", "XGRAD_ENGINE=reference");
  const Ended ended = run_apart("[.million]", setting.empty() ? std::vector<std::string>{} : std::vector{setting});
  INFO(setting << ": " << ended);
  CHECK(ended.well());
}

}  // namespace xgrad::drift_test
