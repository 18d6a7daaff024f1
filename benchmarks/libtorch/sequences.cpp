// Recurrent networks, attention and a transformer block: their value, and the derivatives of all weights.

#include <algorithm>
#include <cmath>

#include "benchmarks/libtorch/common.hpp"

namespace benchmarks::libtorch_side {

using torch::Tensor;

namespace {

/// A module with weights by the order of their names, which is the same on both sides.
template <class Net, class Call>
Work network(Net net, const Call& call, const std::vector<std::int64_t>& shape) {
  struct State {
    Net net;
    Call call;
    Tensor x, cotangent;
    std::vector<Tensor> parameters, results;

    void run() {
      const Tensor y = call(net, x);
      results = torch::autograd::grad({y}, parameters, {cotangent});
      results.push_back(y);
    }
  };
  const auto state =
      std::make_shared<State>(State{net, call, uniform_tensor(shape, 1), uniform_tensor(shape, 2), {}, {}});
  std::vector<std::pair<std::string, Tensor>> named;
  for (const auto& each : state->net->named_parameters()) named.emplace_back(each.key(), each.value());
  std::sort(named.begin(), named.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const float bound = 1 / std::sqrt(128.0f);
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < named.size(); ++i) {
    state->parameters.push_back(named[i].second);
    state->parameters[i].copy_(uniform_tensor(named[i].second.sizes().vec(), 10 + static_cast<int>(i), -bound, bound));
  }
  return {[state] { state->run(); }, [state] { return numbers(state->results); }};
}

Work lstm() {
  const auto call = [](torch::nn::LSTM& net, const Tensor& x) { return std::get<0>(net->forward(x)); };
  return network(torch::nn::LSTM(torch::nn::LSTMOptions(128, 128).num_layers(2)), call, {50, 32, 128});
}

Work gru() {
  const auto call = [](torch::nn::GRU& net, const Tensor& x) { return std::get<0>(net->forward(x)); };
  return network(torch::nn::GRU(torch::nn::GRUOptions(128, 128).num_layers(2)), call, {50, 32, 128});
}

Work block() {
  // Its layer takes the batch as the second axis.
  const auto call = [](torch::nn::TransformerEncoderLayer& net, const Tensor& x) {
    return net->forward(x.transpose(0, 1)).transpose(0, 1);
  };
  const auto options = torch::nn::TransformerEncoderLayerOptions(128, 4).dim_feedforward(512).dropout(0);
  return network(torch::nn::TransformerEncoderLayer(options), call, {8, 64, 128});
}

Work attention() {
  const std::vector<std::int64_t> shape{8, 4, 64, 32};
  const auto f = [](const Inputs& x) {
    const Tensor scores = torch::matmul(x[0], x[1].transpose(-2, -1)) / std::sqrt(32.0);
    return torch::matmul(torch::softmax(scores, -1), x[2]);
  };
  Inputs inputs;
  for (int i = 1; i <= 3; ++i) inputs.push_back(uniform_tensor(shape, i).requires_grad_());
  return function(f, inputs, uniform_tensor(shape, 4));
}

}  // namespace

void add_sequences(Cases& cases) {
  cases.add("lstm-2x128/steps50/batch32", lstm);
  cases.add("gru-2x128/steps50/batch32", gru);
  cases.add("transformer-block/8x64x128/heads4", block);
  cases.add("attention/8x4x64x32", attention);
}

}  // namespace benchmarks::libtorch_side
