// Values dropped and computed again, to stay within a budget: the same bits in less memory.

#include "autograd/engine/budget.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "autograd/autograd.hpp"
#include "autograd/engine/executor.hpp"
#include "optim/optim.hpp"

namespace xgrad {
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
  const std::size_t before = memory_report().live;
  reset_peak_memory();
  evaluate(roots);
  Measured result{{}, memory_report().peak - before};
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

TEST_CASE("a deep network stays within half and a quarter of the memory, to the bit", "[budget]") {
  if (!fused()) return;
  const Network network(60);
  const auto record = [&] { return network.roots(); };
  const Measured free = measure(0, record);
  for (const std::size_t part : {2, 4}) {
    const std::size_t budget = free.peak / part;
    const Measured first = measure(budget, record), again = measure(budget, record);
    CHECK(first.peak <= budget);
    CHECK(first.values == free.values);
    CHECK(again.peak <= budget);
    CHECK(again.values == free.values);
  }
}

}  // namespace
}  // namespace xgrad
