// A Parameter is read while another thread assigns it: old or new, and whole.

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "autograd/autograd.hpp"
#include "autograd/tape/slab.hpp"
#include "optim/optim.hpp"
#include "tests/sanitized.hpp"

namespace xgrad::parameter_test {
namespace {

constexpr std::int64_t size = 20'000;
constexpr int changes = sanitized ? 100 : 1500;

bool all_equal(const std::vector<double>& values) {
  return std::ranges::all_of(values, [&](double value) { return value == values[0]; });
}

/// Reads in several threads, in all ways, while `change` is called again and again; the elements must be equal at any
/// time, and never go back.
template <class Change>
void read_during(const Parameter& parameter, Change change) {
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0}, backward{0}, reads{0};
  std::vector<std::thread> readers;
  for (int way = 0; way < 4; ++way)
    readers.emplace_back([&, way] {
      double latest = -1e300;
      while (!stop) {
        std::vector<double> seen;
        if (way == 0) seen = parameter.value().to_vector();
        if (way == 1) seen = (parameter * 1.0).to_vector();
        if (way == 2) seen = (Tensor(parameter) + parameter).to_vector();
        if (way == 3) {
          const Tensor now = parameter;
          seen = grad(sum(square(now)), now).to_vector();
        }
        torn += !all_equal(seen);
        backward += seen[0] < latest;
        latest = seen[0];
        ++reads;
      }
    });
  for (int i = 0; i < changes; ++i) change(i);
  while (reads < 20) std::this_thread::yield();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(torn == 0);
  CHECK(backward == 0);
  CHECK(all_equal(parameter.value().to_vector()));
}

}  // namespace

TEST_CASE("a Parameter is read while another thread assigns it", "[process][parallel]") {
  Parameter parameter(zeros({size}, float64));
  const std::int64_t before = live_entries();
  read_during(parameter, [&](int) { parameter.assign(parameter + 1.0); });
  CHECK(parameter.value().to_vector()[0] == changes);
  CHECK(live_entries() <= before + 10);
}

TEST_CASE("a Parameter is read while an optimiser writes over it", "[process][parallel]") {
  Parameter parameter(zeros({size}, float64));
  optim::Optimizer optimizer({parameter}, optim::adam(0.01));
  const Tensor gradient = full({size}, -1.0, float64);
  read_during(parameter, [&](int) { optimizer.step({gradient * 1.0}); });
}

TEST_CASE("a Parameter is read while its rows are assigned", "[process][parallel]") {
  Parameter parameter(zeros({size / 100, 100}, float64));
  const Tensor all = arange(size / 100);
  read_during(parameter, [&](int i) { parameter.assign_rows(all, full({size / 100, 100}, 1.0 + i, float64)); });
}

TEST_CASE("a gradient and the name of a Parameter are read while another thread sets them", "[process][parallel]") {
  Parameter parameter(zeros({10}));
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) {
      const Tensor gradient = parameter.gradient();
      if (gradient.defined()) static_cast<void>(gradient.to_vector());
      static_cast<void>(parameter.name());
    }
  });
  for (int i = 0; i < changes; ++i) {
    Tensor next = full({10}, 1.0 * i) * 2.0;
    evaluate(next);
    parameter.set_gradient(next);
    if (i % 7 == 0) parameter.zero_gradient();
    parameter.set_name(std::string(static_cast<std::size_t>(i % 50), 'x'));
  }
  stop = true;
  reader.join();
  CHECK(parameter.defined());
}

TEST_CASE("who alone has a Parameter has it written over by the optimiser", "[process]") {
  const Parameter parameter(zeros({size}, float64));
  optim::Optimizer optimizer({parameter}, optim::sgd(0.5));
  const Tensor gradient = full({size}, 1.0, float64);
  const void* before = nullptr;
  int same = 0;
  for (int i = 0; i < 6; ++i) {
    optimizer.step({gradient * 1.0});
    const void* const now = parameter.value().data<double>().data();
    same += std::exchange(before, now) == now;
  }
  CHECK(same >= 3);
}

}  // namespace xgrad::parameter_test
