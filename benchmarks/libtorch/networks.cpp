#include "benchmarks/libtorch/common.hpp"

#include <algorithm>
#include <limits>

namespace benchmarks::libtorch_side {

namespace {

using torch::Tensor;

/// Values for the parameters of a module, in the order of their names, which both sides share.
std::vector<Tensor> filled(torch::nn::Module& module) {
  std::vector<std::pair<std::string, Tensor>> named;
  for (const auto& each : module.named_parameters()) named.emplace_back(each.key(), each.value());
  std::ranges::sort(named, {}, [](const auto& each) { return each.first; });
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> parameters;
  int seed = 50;
  for (auto& [name, parameter] : named) {
    parameter.copy_(uniform_tensor(parameter.sizes().vec(), seed++, -0.1f, 0.1f));
    parameters.push_back(parameter);
  }
  return parameters;
}

/// The value of a module and the derivatives by its parameters and its input.
template <class Module, class Apply>
Work network(Module module, const Tensor& input, const Tensor& cotangent, Apply apply) {
  struct State {
    Module module;
    std::vector<Tensor> tracked;
    Tensor input, cotangent;
    Apply apply;
    std::vector<Tensor> results;

    void run() {
      const Tensor y = apply(module, input);
      results = torch::autograd::grad({y}, tracked, {cotangent});
      results.push_back(y);
    }
  };
  const auto state = std::make_shared<State>(State{module, filled(*module), input, cotangent, apply, {}});
  if (input.is_floating_point()) state->tracked.push_back(input.requires_grad_());
  return {[state] { state->run(); }, [state] { return numbers(state->results); }};
}

const auto call = [](auto& module, const Tensor& x) { return module->forward(x); };
const auto first_of_call = [](auto& module, const Tensor& x) { return std::get<0>(module->forward(x)); };

Tensor attention(const Inputs& in) {
  const Tensor scores = torch::matmul(in[0], in[1].transpose(-2, -1)) / std::sqrt(32.0);
  return torch::matmul(torch::softmax(scores, -1), in[2]);
}

Tensor causal_attention(const Inputs& in) {
  const Tensor scores = torch::matmul(in[0], in[1].transpose(-2, -1)) / std::sqrt(32.0);
  const Tensor weights = torch::softmax(scores.masked_fill(in[3], -std::numeric_limits<double>::infinity()), -1);
  return torch::matmul(weights, in[2]);
}

void add_recurrent(Cases& cases) {
  using namespace torch::nn;
  cases.add("lstm/2x128/steps50/batch32", [] {
    return network(LSTM(LSTMOptions(128, 128).num_layers(2)), uniform_tensor({50, 32, 128}, 1),
                   uniform_tensor({50, 32, 128}, 2), first_of_call);
  });
  cases.add("gru/2x128/steps50/batch32", [] {
    return network(GRU(GRUOptions(128, 128).num_layers(2)), uniform_tensor({50, 32, 128}, 1),
                   uniform_tensor({50, 32, 128}, 2), first_of_call);
  });
  cases.add("lstm/128/steps20/batch32", [] {
    return network(LSTM(128, 128), uniform_tensor({20, 32, 128}, 1), uniform_tensor({20, 32, 128}, 2), first_of_call);
  });
  cases.add("gru/128/steps20/batch32", [] {
    return network(GRU(128, 128), uniform_tensor({20, 32, 128}, 1), uniform_tensor({20, 32, 128}, 2), first_of_call);
  });
}

}  // namespace

void add_networks(Cases& cases) {
  using namespace torch::nn;
  add_recurrent(cases);
  cases.add("transformer_block/8x64x128/4heads", [] {
    const auto options = TransformerEncoderLayerOptions(128, 4).dim_feedforward(512).dropout(0);
    return network(TransformerEncoderLayer(options), uniform_tensor({64, 8, 128}, 1), uniform_tensor({64, 8, 128}, 2),
                   call);
  });
  cases.add("attention/8x4x64x32", [] {
    const std::vector<std::int64_t> shape{8, 4, 64, 32};
    const Inputs inputs{uniform_tensor(shape, 1).requires_grad_(), uniform_tensor(shape, 2).requires_grad_(),
                        uniform_tensor(shape, 3).requires_grad_()};
    return function(attention, inputs, uniform_tensor(shape, 4));
  });
  cases.add("causal_attention/8x4x64x32", [] {
    const std::vector<std::int64_t> shape{8, 4, 64, 32};
    const Inputs inputs{uniform_tensor(shape, 1).requires_grad_(), uniform_tensor(shape, 2).requires_grad_(),
                        uniform_tensor(shape, 3).requires_grad_(), torch::ones({64, 64}, torch::kBool).triu(1)};
    return function(causal_attention, inputs, uniform_tensor(shape, 4));
  });
  cases.add("batch_norm2d/32x64x28x28", [] {
    return network(BatchNorm2d(64), uniform_tensor({32, 64, 28, 28}, 1), uniform_tensor({32, 64, 28, 28}, 2), call);
  });
  cases.add("embedding/10000x64/4096_rows", [] {
    return network(Embedding(10'000, 64), class_tensor(4096, 10'000, 1), uniform_tensor({4096, 64}, 2), call);
  });
  cases.add("layer_norm/2048x64", [] {
    return network(LayerNorm(LayerNormOptions({64})), uniform_tensor({2048, 64}, 1), uniform_tensor({2048, 64}, 2),
                   call);
  });
}

}  // namespace benchmarks::libtorch_side
