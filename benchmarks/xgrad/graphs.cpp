// Graphs of many small entries: chains, single neurons, recurrent networks.

#include <array>

#include "benchmarks/xgrad/common.hpp"

namespace benchmarks::xgrad_side {

using namespace xgrad;

namespace {

/// A hundred elementwise operations, and the derivative by their input.
Work chain(std::int64_t n) {
  struct State {
    Tensor x, a, b, y, slope;

    void run() {
      const auto function = [this](const Tensor& input) {
        Tensor value = input;
        for (int i = 0; i < 25; ++i) value = tanh(value * a + b) - a;
        return value;
      };
      const auto [value, pull] = vjp(function, x);
      y = value;
      slope = pull(b);
      evaluate(std::array{y, slope});
    }
  };
  const auto state = std::make_shared<State>();
  state->x = uniform_tensor({n}, 1);
  state->a = uniform_tensor({n}, 2, 0.5, 1.5);
  state->b = uniform_tensor({n}, 3);
  return {[state] { state->run(); }, [state] { return numbers({state->y, state->slope}); }};
}

using Weights = std::vector<std::vector<float>>;

/// A network of neurons whose weights are single numbers: 2-16-16-1.
struct Neurons {
  explicit Neurons(const Weights& values) {
    for (const auto& layer : values) {
      layers.emplace_back();
      for (const float value : layer) layers.back().push_back(Parameter(tensor(value)));
    }
    for (const auto& layer : layers) parameters.insert(parameters.end(), layer.begin(), layer.end());
  }
  Tensor operator()(std::vector<Tensor> x) const {
    for (std::size_t i = 0; i < layers.size(); i += 2) {
      std::vector<Tensor> y;
      for (std::size_t neuron = 0; neuron < layers[i + 1].size(); ++neuron) {
        Tensor sum = layers[i + 1][neuron];
        for (std::size_t j = 0; j < x.size(); ++j) sum = sum + layers[i][neuron * x.size() + j] * x[j];
        y.push_back(i + 2 < layers.size() ? tanh(sum) : sum);
      }
      x = std::move(y);
    }
    return x[0];
  }

  std::vector<std::vector<Parameter>> layers;  // weights and biases in turn
  std::vector<Parameter> parameters;
};

Work neurons() {
  struct State {
    Neurons network{layers({2, 16, 16, 1})};
    Tensor x = tensor(0.3f), y = tensor(-0.7f), target = tensor(0.5f);
    std::vector<Tensor> gradients;

    void run() {
      const Tensor error = square(network({x, y}) - target);
      gradients = grad(error, network.parameters);
      gradients.push_back(error);
      evaluate(gradients);
    }
  };
  const auto state = std::make_shared<State>();
  return {[state] { state->run(); }, [state] { return numbers(state->gradients); }};
}

Work dense() {
  struct State {
    nn::Sequential network{nn::Linear(2, 16), [](const Tensor& x) { return tanh(x); }, nn::Linear(16, 16),
                           [](const Tensor& x) { return tanh(x); }, nn::Linear(16, 1)};
    Tensor points = uniform_tensor({100, 2}, 1), targets = uniform_tensor({100, 1}, 2);
    optim::Optimizer optimizer{network.parameters(), optim::sgd(sgd_rate)};
    double loss = 0;

    void step() {
      const Tensor error = nn::mse_loss(network(points), targets);
      optimizer.step(grad(error, network.parameters()));
      loss = error.item();
    }
  };
  const auto state = std::make_shared<State>();
  assign_all(state->network.parameters(), layers({2, 16, 16, 1}));
  return {[state] { state->step(); }, [state] { return numbers(state->network.parameters()); }};
}

/// tanh(W x + b + U h + c)
struct Cell {
  nn::Linear input{32, 32}, hidden{32, 32};
  Tensor operator()(const Tensor& x, const Tensor& h) const { return tanh(input(x) + hidden(h)); }
  std::vector<Parameter> parameters() const { return {input.weight, input.bias, hidden.weight, hidden.bias}; }
};

Work recurrent(std::int64_t batch) {
  struct State {
    Cell lower, upper;
    std::vector<Parameter> parameters;
    std::vector<Tensor> inputs;
    Tensor target, start;
    std::unique_ptr<optim::Optimizer> optimizer;
    double loss = 0;

    void step() {
      Tensor low = start, high = start;
      for (const Tensor& x : inputs) {
        low = lower(x, low);
        high = upper(low, high);
      }
      const Tensor error = nn::mse_loss(high, target);
      optimizer->step(grad(error, parameters));
      loss = error.item();
    }
  };
  const auto state = std::make_shared<State>();
  state->parameters = state->lower.parameters();
  for (const Parameter& parameter : state->upper.parameters()) state->parameters.push_back(parameter);
  assign_all(state->parameters, layers({32, 32, 32, 32, 32}));
  for (int i = 0; i < 50; ++i) state->inputs.push_back(uniform_tensor({batch, 32}, 10 + i));
  state->target = uniform_tensor({batch, 32}, 1);
  state->start = zeros({batch, 32});
  state->optimizer = std::make_unique<optim::Optimizer>(state->parameters, optim::sgd(sgd_rate));
  return {[state] { state->step(); }, [state] { return numbers(state->parameters); }};
}

}  // namespace

void add_graphs(Cases& cases) {
  for (const std::int64_t n : {1, 8, 64, 1024}) cases.add("chain100/" + std::to_string(n), [n] { return chain(n); });
  cases.add("neurons/2-16-16-1", neurons);
  cases.add("train/2-16-16-1/tanh/batch100", dense);
  for (const std::int64_t batch : {1, 16})
    cases.add("train/rnn-2x32/steps50/batch" + std::to_string(batch), [batch] { return recurrent(batch); });
}

}  // namespace benchmarks::xgrad_side
