#pragma once

// What the cases of xgrad's side share.

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "benchmarks/inputs.hpp"
#include "benchmarks/sides.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

namespace benchmarks::xgrad_side {

inline std::vector<Numbers> numbers(const std::vector<xgrad::Tensor>& tensors) {
  std::vector<Numbers> all;
  for (const xgrad::Tensor& tensor : tensors) all.push_back(tensor.to_vector());
  return all;
}

inline std::vector<Numbers> numbers(const std::vector<xgrad::Parameter>& parameters) {
  return numbers(std::vector<xgrad::Tensor>(parameters.begin(), parameters.end()));
}

inline xgrad::Tensor uniform_tensor(const xgrad::Shape& shape, int seed, float low = -1, float high = 1) {
  return xgrad::tensor(uniform(shape.numel(), seed, low, high), shape);
}

inline void assign_all(const std::vector<xgrad::Parameter>& parameters, const std::vector<std::vector<float>>& values) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    xgrad::Parameter parameter = parameters[i];
    parameter.assign(xgrad::tensor(values[i], parameter.shape()));
  }
}

inline xgrad::optim::Transformation rule(const std::string& name) {
  using namespace xgrad::optim;
  if (name == "sgd") return sgd(sgd_rate);
  if (name == "momentum") return sgd(momentum_rate, {.momentum = momentum_decay});
  if (name == "adam") return adam(adaptive_rate);
  if (name == "adagrad") return adagrad(adaptive_rate);
  return rmsprop(adaptive_rate);
}

using Inputs = std::vector<xgrad::Tensor>;
using Function = xgrad::Tensor (*)(const Inputs&);

/// The value of a function and the derivatives by the first `count` of its inputs.
inline Work function(Function f, const Inputs& inputs, std::size_t count, const xgrad::Tensor& cotangent) {
  struct State {
    Function f;
    Inputs inputs;
    std::size_t count;
    xgrad::Tensor cotangent;
    std::vector<xgrad::Tensor> results;

    void run() {
      results.clear();
      Inputs tracked = inputs;
      for (std::size_t i = 0; i < count; ++i) tracked[i] = xgrad::track(inputs[i]);
      const xgrad::Tensor y = f(tracked);
      if (count > 0)
        results = xgrad::differentiate(std::array{y}, std::array{cotangent}, std::span(tracked).first(count));
      results.push_back(y);
      xgrad::evaluate(results);
    }
  };
  const auto state = std::make_shared<State>(State{f, inputs, count, cotangent, {}});
  return {[state] { state->run(); }, [state] { return numbers(state->results); }};
}

}  // namespace benchmarks::xgrad_side
