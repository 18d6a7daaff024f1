#pragma once

#include <functional>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

namespace xgrad::lazy {

inline constexpr std::int64_t batch = 8, features = 6;

inline Tensor some(const Shape& shape, std::uint64_t seed = 1) {
  Rng rng(seed);
  Tensor x = normal(shape, rng);
  evaluate(x);
  return x;
}

struct Model {
  nn::Linear hidden{features, 12}, output{12, 3};
  Tensor operator()(const Tensor& x) const { return output(tanh(hidden(x))); }
  std::vector<Parameter> parameters() const { return {hidden.weight, hidden.bias, output.weight, output.bias}; }
};

inline Tensor labels() {
  std::vector<std::int64_t> classes;
  for (std::int64_t i = 0; i < batch; ++i) classes.push_back(i % 3);
  return tensor(classes);
}

struct Training {
  Model model;
  optim::Optimizer optimizer{model.parameters(), optim::adam(1e-3)};
  Tensor x = some({batch, features}), target = labels();

  Tensor loss() const { return nn::cross_entropy(model(x), target); }
  void step(const Tensor& loss) { optimizer.step(grad(loss, model.parameters())); }
};

using Iteration = std::function<void(int)>;

struct Loop {
  std::string name;
  std::int64_t kept;  // entries that each iteration keeps by intention: a value in a list
  // An iteration of a new run, with an evaluate in the best place, or without.
  std::function<Iteration(bool placed)> make;
};

/// Loops as people write them, without a word about when things are computed, and each with an evaluate where it helps.
const std::vector<Loop>& loops();

}  // namespace xgrad::lazy
