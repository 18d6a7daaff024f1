// Layers of networks, each with the derivatives by its weights and its input.

#include "benchmarks/xgrad/common.hpp"

#include <algorithm>
#include <array>

#include "nn/nn.hpp"

namespace benchmarks::xgrad_side {

using namespace xgrad;

namespace {

/// Values for the Parameters of a module, in the order of their names, which both sides share.
std::vector<Parameter> filled(const nn::Module& module) {
  std::vector<NamedParameter> named = module.named_parameters();
  std::ranges::sort(named, {}, &NamedParameter::name);
  std::vector<Parameter> parameters;
  int seed = 50;
  for (auto& [name, parameter] : named) {
    parameter.assign(uniform_tensor(parameter.shape(), seed++, -0.1f, 0.1f));
    parameters.push_back(parameter);
  }
  return parameters;
}

/// The value of a module and the derivatives by its Parameters and its input.
template <class Module, class Apply>
Work network(Module module, const Tensor& input, const Tensor& cotangent, Apply apply) {
  struct State {
    Module module;
    std::vector<Parameter> parameters;
    Tensor input, cotangent;
    Apply apply;
    std::vector<Tensor> results;

    void run() {
      results.clear();
      std::vector<Tensor> tracked(parameters.begin(), parameters.end());
      Tensor x = input;
      if (is_floating(x.dtype())) tracked.push_back(x = track(input));
      const Tensor y = apply(module, x);
      results = differentiate(std::array{y}, std::array{cotangent}, tracked);
      results.push_back(y);
      evaluate(results);
    }
  };
  std::vector<Parameter> parameters = filled(module);
  const auto state =
      std::make_shared<State>(State{std::move(module), std::move(parameters), input, cotangent, apply, {}});
  return {[state] { state->run(); }, [state] { return numbers(state->results); }};
}

const auto call = [](const auto& module, const Tensor& x) { return module(x); };
const auto output_of_call = [](const auto& module, const Tensor& x) { return module(x).output; };

void add_recurrent(Cases& cases) {
  cases.add("lstm/2x128/steps50/batch32", [] {
    return network(nn::LSTM(128, 128, {.num_layers = 2}), uniform_tensor({50, 32, 128}, 1),
                   uniform_tensor({50, 32, 128}, 2), output_of_call);
  });
  cases.add("gru/2x128/steps50/batch32", [] {
    return network(nn::GRU(128, 128, {.num_layers = 2}), uniform_tensor({50, 32, 128}, 1),
                   uniform_tensor({50, 32, 128}, 2), output_of_call);
  });
  cases.add("lstm/128/steps20/batch32", [] {
    return network(nn::LSTM(128, 128), uniform_tensor({20, 32, 128}, 1), uniform_tensor({20, 32, 128}, 2),
                   output_of_call);
  });
  cases.add("gru/128/steps20/batch32", [] {
    return network(nn::GRU(128, 128), uniform_tensor({20, 32, 128}, 1), uniform_tensor({20, 32, 128}, 2),
                   output_of_call);
  });
}

}  // namespace

void add_networks(Cases& cases) {
  add_recurrent(cases);
  cases.add("transformer_block/8x64x128/4heads", [] {
    return network(nn::TransformerEncoderLayer(128, 4, {.dim_feedforward = 512, .dropout = 0}),
                   uniform_tensor({64, 8, 128}, 1), uniform_tensor({64, 8, 128}, 2), call);
  });
  cases.add("attention/8x4x64x32", [] {
    const Shape shape{8, 4, 64, 32};
    const Inputs inputs{uniform_tensor(shape, 1), uniform_tensor(shape, 2), uniform_tensor(shape, 3)};
    return function([](const Inputs& in) { return nn::scaled_dot_product_attention(in[0], in[1], in[2]); }, inputs, 3,
                    uniform_tensor(shape, 4));
  });
  cases.add("causal_attention/8x4x64x32", [] {
    const Shape shape{8, 4, 64, 32};
    const Inputs inputs{uniform_tensor(shape, 1), uniform_tensor(shape, 2), uniform_tensor(shape, 3)};
    const Function f = [](const Inputs& in) {
      return nn::scaled_dot_product_attention(in[0], in[1], in[2], {.causal = true});
    };
    return function(f, inputs, 3, uniform_tensor(shape, 4));
  });
  cases.add("batch_norm2d/32x64x28x28", [] {
    return network(nn::BatchNorm2d(64), uniform_tensor({32, 64, 28, 28}, 1), uniform_tensor({32, 64, 28, 28}, 2), call);
  });
  cases.add("embedding/10000x64/4096_rows", [] {
    return network(nn::Embedding(10'000, 64), tensor(classes(4096, 10'000, 1)), uniform_tensor({4096, 64}, 2), call);
  });
  cases.add("layer_norm/2048x64", [] {
    return network(nn::LayerNorm({64}), uniform_tensor({2048, 64}, 1), uniform_tensor({2048, 64}, 2), call);
  });
}

}  // namespace benchmarks::xgrad_side
