#pragma once

// What the cases of libtorch's side share.

#include <torch/torch.h>

#include <memory>
#include <string>
#include <vector>

#include "benchmarks/inputs.hpp"
#include "benchmarks/sides.hpp"

namespace benchmarks::libtorch_side {

inline std::vector<Numbers> numbers(const std::vector<torch::Tensor>& tensors) {
  std::vector<Numbers> all;
  for (const torch::Tensor& tensor : tensors) {
    const torch::Tensor flat = tensor.detach().to(torch::kFloat64).contiguous();
    all.emplace_back(flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel());
  }
  return all;
}

inline torch::Tensor tensor(const std::vector<float>& values, const std::vector<std::int64_t>& shape) {
  return torch::tensor(values).reshape(shape).clone();
}

inline torch::Tensor uniform_tensor(const std::vector<std::int64_t>& shape, int seed, float low = -1, float high = 1) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return tensor(uniform(count, seed, low, high), shape);
}

inline torch::Tensor class_tensor(std::int64_t count, std::int64_t number_of_classes, int seed) {
  return torch::tensor(classes(count, number_of_classes, seed), torch::kInt64);
}

inline void assign_all(const std::vector<torch::Tensor>& parameters, const std::vector<std::vector<float>>& values) {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    parameters[i].copy_(tensor(values[i], parameters[i].sizes().vec()));
}

inline std::unique_ptr<torch::optim::Optimizer> optimiser(const std::string& name,
                                                          const std::vector<torch::Tensor>& parameters) {
  using namespace torch::optim;
  if (name == "sgd") return std::make_unique<SGD>(parameters, SGDOptions(sgd_rate));
  if (name == "momentum") return std::make_unique<SGD>(parameters, SGDOptions(momentum_rate).momentum(momentum_decay));
  if (name == "adam") return std::make_unique<Adam>(parameters, AdamOptions(adaptive_rate));
  if (name == "adagrad") return std::make_unique<Adagrad>(parameters, AdagradOptions(adaptive_rate));
  return std::make_unique<RMSprop>(parameters, RMSpropOptions(adaptive_rate));
}

/// One training step, as libtorch's documentation writes it.
template <class Loss>
double step(torch::optim::Optimizer& optimizer, Loss&& record) {
  optimizer.zero_grad();
  const torch::Tensor loss = record();
  loss.backward();
  optimizer.step();
  return static_cast<double>(loss.item<float>());
}

using Inputs = std::vector<torch::Tensor>;
using Function = torch::Tensor (*)(const Inputs&);

/// The value of a function and the derivatives by those of its inputs that ask for them.
inline Work function(Function f, const Inputs& inputs, const torch::Tensor& cotangent) {
  struct State {
    Function f;
    Inputs inputs, tracked;
    torch::Tensor cotangent;
    Inputs results;

    void run() {
      const torch::Tensor y = f(inputs);
      results = tracked.empty() ? Inputs() : torch::autograd::grad({y}, tracked, {cotangent});
      results.push_back(y);
    }
  };
  const auto state = std::make_shared<State>(State{f, inputs, {}, cotangent, {}});
  for (const torch::Tensor& input : state->inputs)
    if (input.requires_grad()) state->tracked.push_back(input);
  return {[state] { state->run(); }, [state] { return numbers(state->results); }};
}

}  // namespace benchmarks::libtorch_side
