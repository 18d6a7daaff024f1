// Whole training runs: the same bits on any number of threads, and no memory that grows.

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>

#include "autograd/autograd.hpp"
#include "autograd/engine/cpu/threads.hpp"
#include "autograd/tape/slab.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace xgrad::training_test {
namespace {

Tensor waves(const Shape& shape, double step) {
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(std::sin(step * double(i)));
  return tensor(values, shape);
}

struct Network {
  Network(std::int64_t inputs, std::int64_t hidden) : first(inputs, hidden), second(hidden, 10) {
    const std::vector<Parameter> all = parameters();
    for (std::size_t i = 0; i < all.size(); ++i)
      Parameter(all[i]).assign(waves(all[i].shape(), 0.7 + double(i)) * 0.05);
  }
  Tensor operator()(const Tensor& x) const { return second(layer_norm(first(x))); }
  static Tensor layer_norm(const Tensor& x) {
    const Tensor centred = x - mean(x, -1, keep_dims);
    return tanh(centred / sqrt(mean(centred * centred, -1, keep_dims) + 1e-5));
  }
  std::vector<Parameter> parameters() const { return {first.weight, first.bias, second.weight, second.bias}; }
  nn::Linear first, second;
};

// The weights after some steps, with rows enough for many blocks.
std::vector<std::vector<float>> train(int threads) {
  set_num_threads(threads);
  const Network network(96, 200);
  optim::Optimizer optimizer(network.parameters(), optim::adam(1e-3));
  const Tensor x = waves({1024, 96}, 0.37);
  std::vector<std::int64_t> classes(1024);
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<std::int64_t>(i * i % 10);
  const Tensor target = tensor(classes);
  for (int step = 0; step < 12; ++step) {
    const Tensor loss = nn::cross_entropy(network(x), target);
    optimizer.step(grad(loss, network.parameters()));
  }
  std::vector<std::vector<float>> weights;
  for (const Parameter& parameter : network.parameters()) weights.push_back(parameter.value().to_vector<float>());
  return weights;
}

TEST_CASE("training gives the same bits on any number of threads", "[threads][training]") {
  const fused::testing::Threads scope;
  const auto expected = train(1);
  for (const int threads : {2, 3, 4, 8}) {
    INFO(threads << " threads");
    CHECK(train(threads) == expected);
  }
}

// Of this process, in bytes.
std::int64_t resident() {
  std::ifstream file("/proc/self/statm");
  std::int64_t total = 0, pages = 0;
  file >> total >> pages;
  return pages * 4096;
}

// XGRAD_TRAINING_STEPS=100000 for a long run.
int steps() {
  const char* count = std::getenv("XGRAD_TRAINING_STEPS");
  return count ? std::atoi(count) : 3000;
}

template <class Step>
void check_steady(Step step, int warm_up) {
  for (int i = 0; i < warm_up; ++i) step(i);
  const std::size_t live = memory_use().live;
  const std::int64_t entries = live_entries();
  [[maybe_unused]] const std::int64_t memory = resident();
  for (int i = 0; i < steps(); ++i) step(i);
  CHECK(memory_use().live == live);
  CHECK(live_entries() == entries);
#ifndef XGRAD_SANITIZED  // which keeps freed memory back
  CHECK(resident() - memory <= 1 << 20);
#endif
}

TEST_CASE("training a network needs no more memory as it goes on", "[training]") {
  const Network network(16, 32);
  optim::Optimizer optimizer(network.parameters(), optim::adam(1e-3));
  const Tensor x = waves({32, 16}, 0.37), target = waves({32, 10}, 0.2);
  double last = 0;
  check_steady(
      [&](int) {
        const Tensor loss = nn::mse_loss(network(x), target);
        optimizer.step(grad(loss, network.parameters()));
        last = loss.item();
      },
      200);
  CHECK(last < 0.5);
}

TEST_CASE("training a recurrent network on sequences of many lengths needs no more memory as it goes on",
          "[training]") {
  const nn::Linear input(4, 8), hidden(8, 8);
  const std::vector<Parameter> parameters{input.weight, input.bias, hidden.weight, hidden.bias};
  optim::Optimizer optimizer(parameters, optim::sgd(1e-2));
  const Tensor x = waves({2, 4}, 0.37), start = zeros({2, 8});
  check_steady(
      [&](int i) {
        Tensor h = start;
        for (int t = 0; t < 1 + i * 7 % 20; ++t) h = tanh(input(x) + hidden(h));
        optimizer.step(grad(mean(square(h)), parameters));
      },
      300);
}

}  // namespace
}  // namespace xgrad::training_test
