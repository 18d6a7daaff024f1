// Values dropped and computed again, to stay within a budget: the same bits in less memory.

#include "autograd/engine/memory_budget.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <string>

#include "autograd/autograd.hpp"
#include "autograd/engine/run/executor.hpp"
#include "optim/optim.hpp"
#include "tests/skip.hpp"

namespace xgrad::memory_budget_test {
namespace {

using Values = std::vector<std::vector<double>>;
using Roots = std::vector<Tensor>;

// The budget, until the end of a test.
struct BudgetScope {
  explicit BudgetScope(std::size_t bytes) : before(memory_budget()) { set_memory_budget(bytes); }
  ~BudgetScope() { set_memory_budget(before); }
  std::size_t before;
};

bool fused() { return engine() == "fused" && std::getenv("XGRAD_EAGER") == nullptr; }

Tensor numbers(const Shape& shape, int seed) {
  Rng rng(static_cast<std::uint64_t>(seed));
  return normal(shape, rng);
}

struct Measured {
  Values values;
  std::size_t peak;
};

// What the roots are, and the most memory it takes to compute them.
Measured measure(std::size_t budget, const std::function<Roots()>& record) {
  const BudgetScope scope(budget);
  const Roots roots = record();
  const std::size_t before = memory_use().live;
  reset_peak_memory();
  evaluate(roots);
  Measured result{{}, memory_use().peak - before};
  for (const Tensor& root : roots) result.values.push_back(root.to_vector());
  return result;
}

struct Network {
  explicit Network(int layers, std::int64_t batch = 512, std::int64_t width = 8) : x(numbers({batch, width}, 0)) {
    evaluate(x);
    for (int i = 0; i < layers; ++i) {
      weights.emplace_back(evaluated(numbers({width, width}, 2 * i + 1) * 0.3));
      biases.emplace_back(evaluated(numbers({width}, 2 * i + 2)));
    }
  }
  static Tensor evaluated(const Tensor& tensor) {
    evaluate(tensor);
    return tensor;
  }
  std::vector<Parameter> parameters() const {
    std::vector<Parameter> all = weights;
    all.insert(all.end(), biases.begin(), biases.end());
    return all;
  }
  Tensor loss() const {
    Tensor h = x;
    for (std::size_t i = 0; i < weights.size(); ++i) h = tanh(matmul(h, weights[i]) + biases[i]);
    return mean(h * h);
  }
  Roots roots() const {
    const Tensor value = loss();
    Roots all = grad(value, parameters());
    all.push_back(value);
    return all;
  }

  Tensor x;
  std::vector<Parameter> weights, biases;
};

// Without a budget, and within a part of what that takes; twice, so that the plan is met again.
void check_parts(const std::function<Roots()>& record, std::initializer_list<std::size_t> parts) {
  if (!fused()) return skip("the engine is not the fused one, planning ahead");
  const Measured free = measure(0, record);
  for (const std::size_t part : parts) {
    const std::size_t budget = free.peak / part;
    for (int run = 0; run < 2; ++run) {
      const Measured within = measure(budget, record);
      INFO("a part of 1/" << part << ", run " << run);
      CHECK(within.peak <= budget);
      CHECK(within.values == free.values);
    }
  }
}

TEST_CASE("a deep network stays within half and a quarter of the memory, to the bit", "[budget]") {
  const Network network(100);
  check_parts([&] { return network.roots(); }, {2, 4});
}

TEST_CASE("so does one that would take several plans without a budget", "[budget]") {
  const Network network(150);
  check_parts([&] { return network.roots(); }, {2, 4, 5});
}

TEST_CASE("and a long chain of functions, with inner values among the roots", "[budget]") {
  const Tensor x = track(Network::evaluated(numbers({5000}, 1)));
  check_parts(
      [&] {
        Tensor y = x, middle;
        for (int i = 0; i < 300; ++i) {
          y = sin(y) + 0.5 * exp(-y);
          if (i == 150) middle = y;
        }
        return Roots{grad(sum(y), {x})[0], middle, sum(middle)};
      },
      {2, 4});
}

TEST_CASE("inputs that are not wanted before their turn are not computed before", "[budget]") {
  std::vector<Tensor> inputs;
  for (int i = 0; i < 40; ++i) inputs.push_back(Network::evaluated(numbers({256, 16}, i)));
  const Tensor weight = Network::evaluated(numbers({16, 16}, 98)), hidden = Network::evaluated(numbers({16, 16}, 99));
  check_parts(
      [&] {
        std::vector<Tensor> projected;
        for (const Tensor& input : inputs) projected.push_back(tanh(matmul(input, weight)));
        Tensor h = zeros({256, 16});
        for (const Tensor& each : projected) h = tanh(each + matmul(h, hidden));
        return Roots{h};
      },
      {2, 4, 8});
}

TEST_CASE("views that several plans would read without a budget are there in one", "[budget]") {
  const Tensor w = Network::evaluated(numbers({3, 4}, 1)), start = Network::evaluated(numbers({4, 3}, 2));
  const auto record = [&] {
    const Tensor turned = transpose(w * 2), wide = broadcast_to(sum(turned), {4, 3});
    const Tensor view = transpose(broadcast_to(reshape(sum(turned, 1) * 3, {1, 4}), {3, 4}));
    Tensor x = start;
    for (int i = 0; i < 1500; ++i) x = sin(x) + wide * 1e-3 + turned * view;
    return Roots{x, turned, wide};
  };
  const Measured free = measure(0, record);
  const std::int64_t before = unplanned();
  CHECK(measure(1, record).values == free.values);
  CHECK(measure(std::size_t{1} << 30, record).values == free.values);
  CHECK(unplanned() == before);
}

TEST_CASE("what cannot be met is no error", "[budget]") {
  const Network network(20);
  const auto record = [&] { return network.roots(); };
  const Measured free = measure(0, record), least = measure(1, record);
  CHECK(least.values == free.values);
  if (fused()) CHECK(2 * least.peak < free.peak);
}

TEST_CASE("a changed budget is met by another plan", "[budget]") {
  if (!fused()) return skip("the engine is not the fused one, planning ahead");
  const Network network(30);
  const auto record = [&] { return network.roots(); };
  const Measured free = measure(0, record);
  for (const std::size_t budget : {free.peak / 2, free.peak, free.peak / 3, std::size_t{0}, free.peak / 2}) {
    const Measured within = measure(budget, record);
    CHECK(within.values == free.values);
    CHECK(within.peak <= (budget == 0 ? free.peak : budget));
    if (budget == 0 || budget == free.peak) CHECK(within.peak == free.peak);
  }
}

TEST_CASE("what a forward pass would keep for a backward pass is kept within the budget only", "[budget]") {
  if (!fused()) return skip("the engine is not the fused one, planning ahead");
  const Network network(40);
  const auto kept = [&](std::size_t budget) {
    const BudgetScope scope(budget);
    const Tensor loss = network.loss();
    const std::size_t before = memory_use().live;
    loss.item();
    return memory_use().live - before;
  };
  const std::size_t free = kept(0), layer = 512 * 8 * sizeof(float);
  CHECK(free >= 40 * layer);
  CHECK(kept(2 * free) == free);
  CHECK(kept(4 * layer) == sizeof(float));
}

TEST_CASE("what a backward pass has read already is not kept", "[budget]") {
  if (!fused()) return skip("the engine is not the fused one, planning ahead");
  const Network network(10);
  const auto kept = [&](bool differentiated) {
    const Tensor loss = network.loss();
    if (differentiated) grad(loss, network.parameters());
    const std::size_t before = memory_use().live;
    loss.item();
    return memory_use().live - before;
  };
  const std::size_t layer = 512 * 8 * sizeof(float);
  for (int turn = 0; turn < 2; ++turn) {
    CHECK(kept(true) < layer);
    CHECK(kept(false) >= 10 * layer);
  }
}

TEST_CASE("a gradient after a forward pass that kept nothing is within the budget, too", "[budget]") {
  if (!fused()) return skip("the engine is not the fused one, planning ahead");
  const Network network(60);
  const auto record = [&] {
    const Tensor loss = network.loss();
    loss.item();
    return grad(loss, network.parameters());
  };
  const Measured free = measure(0, [&] { return network.roots(); });
  const Measured within = measure(free.peak / 4, record);
  CHECK(within.peak <= free.peak / 4);
  for (std::size_t i = 0; i < within.values.size(); ++i)
    for (std::size_t j = 0; j < within.values[i].size(); ++j)
      CHECK(within.values[i][j] == Approx(free.values[i][j]).epsilon(1e-4).margin(1e-7));
}

// Some steps of training: what the parameters are afterwards, and the most memory that a step has taken.
Measured train(std::size_t budget, const optim::Transformation& rule, bool holds_loss) {
  const BudgetScope scope(budget);
  const Network network(50);
  optim::Optimizer optimizer(network.parameters(), rule);
  Measured result{{}, 0};
  for (int step = 0; step < 5; ++step) {
    const std::size_t before = memory_use().live;
    reset_peak_memory();
    Tensor loss = network.loss();
    const auto gradients = grad(loss, network.parameters());
    if (!holds_loss) loss = Tensor();
    optimizer.step(gradients);
    result.peak = std::max(result.peak, memory_use().peak - before);
    if (holds_loss) result.values.push_back(loss.to_vector());
  }
  for (const Parameter& parameter : network.parameters()) result.values.push_back(parameter.value().to_vector());
  return result;
}

TEST_CASE("training within a budget gives the same parameters, to the bit", "[budget]") {
  if (!fused()) return skip("the engine is not the fused one, planning ahead");
  for (const auto& rule : {optim::sgd(0.1), optim::sgd(0.1, {.momentum = 0.9}), optim::adam(0.01),
                           optim::chain(optim::clip_by_global_norm(1), optim::adam(0.01))})
    for (const bool holds_loss : {true, false}) {
      const Measured free = train(0, rule, holds_loss);
      for (const std::size_t part : {2, 3}) {
        const Measured within = train(free.peak / part, rule, holds_loss);
        CHECK(within.peak <= free.peak / part);
        CHECK(within.values == free.values);
      }
    }
}

TEST_CASE("an update of several plans is written over the old values, within a budget, too", "[budget]") {
  if (!fused()) return skip("the engine is not the fused one, planning ahead");
  const BudgetScope scope(1);
  std::vector<Parameter> parameters;
  std::vector<Tensor> gradients;
  for (int i = 0; i < 200; ++i) {
    parameters.emplace_back(Network::evaluated(numbers({3000}, i)));
    gradients.push_back(Network::evaluated(numbers({3000}, i + 1000)));
  }
  optim::Optimizer optimizer(parameters, optim::adam(0.01));
  for (int step = 0; step < 3; ++step) optimizer.step(gradients);
  const std::size_t live = memory_use().live, all = 200 * 3000 * sizeof(float);  // each parameter has two moments
  reset_peak_memory();
  optimizer.step(gradients);
  CHECK(memory_use().live == live);
  CHECK(memory_use().peak < live + all);
}

TEST_CASE("a budget does not change what any number of threads computes", "[budget]") {
  const Network network(20, 2048, 16);
  const auto record = [&] { return network.roots(); };
  const int threads = num_threads();
  const Measured free = measure(0, record);
  for (const int count : {1, 2, 3}) {
    set_num_threads(count);
    CHECK(measure(free.peak / 3, record).values == free.values);
  }
  set_num_threads(threads);
}

TEST_CASE("a budget is a number of bytes, or of their multiples", "[budget]") {
  using fused::parse_memory_budget;
  CHECK(parse_memory_budget("") == 0);
  CHECK(parse_memory_budget("0") == 0);
  CHECK(parse_memory_budget("500000") == 500000);
  CHECK(parse_memory_budget("64K") == 64 << 10);
  CHECK(parse_memory_budget("512M") == 512 << 20);
  CHECK(parse_memory_budget("2G") == std::size_t{2} << 30);
  for (const char* text :
       {"many", "-1", "+1", "1.5G", "1 G", " 1", "1KB", "1T", "k", "G", "0x10", "99999999999999999999", "17179869184G"})
    CHECK_THROWS_AS(parse_memory_budget(text), ValueError);
  CHECK_THROWS_WITH(parse_memory_budget("1.5G"), Catch::Contains("XGRAD_MEMORY_BUDGET: '1.5G' is no number of bytes"));
  const BudgetScope scope(12345);
  CHECK(memory_budget() == 12345);
}

}  // namespace
}  // namespace xgrad::memory_budget_test
