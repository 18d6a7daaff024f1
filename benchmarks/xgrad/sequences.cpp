// Recurrent networks, attention and a transformer block: their value, and the derivatives of all weights.

#include <algorithm>
#include <cmath>

#include "benchmarks/xgrad/common.hpp"

namespace benchmarks::xgrad_side {

using namespace xgrad;

namespace {

/// A module with weights by the order of their names, which is the same on both sides.
template <class Net, class Call>
Work network(Net net, const Call& call, const Shape& shape) {
  struct State {
    Net net;
    Call call;
    Tensor x, cotangent;
    std::vector<Parameter> parameters;
    std::vector<Tensor> results;

    void run() {
      const Tensor y = call(net, x);
      results = differentiate(std::array{y}, std::array{cotangent},
                              std::vector<Tensor>(parameters.begin(), parameters.end()));
      results.push_back(y);
      evaluate(results);
    }
  };
  const auto state =
      std::make_shared<State>(State{std::move(net), call, uniform_tensor(shape, 1), uniform_tensor(shape, 2), {}, {}});
  auto named = state->net.named_parameters();
  std::sort(named.begin(), named.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const float bound = 1 / std::sqrt(128.0f);
  for (std::size_t i = 0; i < named.size(); ++i) {
    state->parameters.push_back(named[i].parameter);
    state->parameters[i].assign(uniform_tensor(named[i].parameter.shape(), 10 + static_cast<int>(i), -bound, bound));
  }
  return {[state] { state->run(); }, [state] { return numbers(state->results); }};
}

Work lstm() {
  const auto call = [](const nn::LSTM& net, const Tensor& x) { return net(x).output; };
  return network(nn::LSTM(128, 128, {.num_layers = 2}), call, {50, 32, 128});
}

Work gru() {
  const auto call = [](const nn::GRU& net, const Tensor& x) { return net(x).output; };
  return network(nn::GRU(128, 128, {.num_layers = 2}), call, {50, 32, 128});
}

Work block() {
  const auto call = [](const nn::TransformerEncoderLayer& net, const Tensor& x) { return net(x); };
  return network(nn::TransformerEncoderLayer(128, 4, {.dim_feedforward = 512, .dropout = 0, .batch_first = true}), call,
                 {8, 64, 128});
}

Work attention() {
  const Shape shape{8, 4, 64, 32};
  const auto f = [](const Inputs& x) { return nn::scaled_dot_product_attention(x[0], x[1], x[2]); };
  return function(f, {uniform_tensor(shape, 1), uniform_tensor(shape, 2), uniform_tensor(shape, 3)}, 3,
                  uniform_tensor(shape, 4));
}

}  // namespace

void add_sequences(Cases& cases) {
  cases.add("lstm-2x128/steps50/batch32", lstm);
  cases.add("gru-2x128/steps50/batch32", gru);
  cases.add("transformer-block/8x64x128/heads4", block);
  cases.add("attention/8x4x64x32", attention);
}

}  // namespace benchmarks::xgrad_side
