#include "benchmarks/libtorch/common.hpp"

namespace benchmarks::libtorch_side {

namespace {

using torch::Tensor;

Work chain(std::int64_t n) {
  struct State {
    Tensor x, a, b, y, slope;

    void run() {
      Tensor value = x;
      for (int i = 0; i < 25; ++i) value = torch::tanh(value * a + b) - a;
      y = value;
      slope = torch::autograd::grad({y}, {x}, {b})[0];
    }
  };
  const auto state = std::make_shared<State>();
  state->x = uniform_tensor({n}, 1).requires_grad_();
  state->a = uniform_tensor({n}, 2, 0.5, 1.5);
  state->b = uniform_tensor({n}, 3);
  return {[state] { state->run(); }, [state] { return numbers({state->y, state->slope}); }};
}

struct Neurons {
  explicit Neurons(const std::vector<std::vector<float>>& values) {
    for (const auto& layer : values) {
      layers.emplace_back();
      for (const float value : layer) layers.back().push_back(torch::tensor(value).requires_grad_());
    }
    for (const auto& layer : layers) parameters.insert(parameters.end(), layer.begin(), layer.end());
  }
  Tensor operator()(std::vector<Tensor> x) const {
    for (std::size_t i = 0; i < layers.size(); i += 2) {
      std::vector<Tensor> y;
      for (std::size_t neuron = 0; neuron < layers[i + 1].size(); ++neuron) {
        Tensor sum = layers[i + 1][neuron];
        for (std::size_t j = 0; j < x.size(); ++j) sum = sum + layers[i][neuron * x.size() + j] * x[j];
        y.push_back(i + 2 < layers.size() ? torch::tanh(sum) : sum);
      }
      x = std::move(y);
    }
    return x[0];
  }

  std::vector<std::vector<Tensor>> layers;
  std::vector<Tensor> parameters;
};

Work neurons() {
  struct State {
    Neurons network{layers({2, 16, 16, 1})};
    Tensor x = torch::tensor(0.3f), y = torch::tensor(-0.7f), target = torch::tensor(0.5f);
    std::vector<Tensor> gradients;

    void run() {
      const Tensor error = torch::square(network({x, y}) - target);
      gradients = torch::autograd::grad({error}, network.parameters);
      gradients.push_back(error);
    }
  };
  const auto state = std::make_shared<State>();
  return {[state] { state->run(); }, [state] { return numbers(state->gradients); }};
}

Work dense() {
  struct State {
    torch::nn::Sequential network{torch::nn::Linear(2, 16), torch::nn::Tanh(), torch::nn::Linear(16, 16),
                                  torch::nn::Tanh(), torch::nn::Linear(16, 1)};
    Tensor points = uniform_tensor({100, 2}, 1), targets = uniform_tensor({100, 1}, 2);
    torch::optim::SGD optimizer{network->parameters(), torch::optim::SGDOptions(sgd_rate)};
    double loss = 0;
  };
  const auto state = std::make_shared<State>();
  assign_all(state->network->parameters(), layers({2, 16, 16, 1}));
  return {[state] {
            state->loss = step(state->optimizer,
                               [&] { return torch::mse_loss(state->network->forward(state->points), state->targets); });
          },
          [state] { return numbers(state->network->parameters()); }};
}

struct Cell {
  torch::nn::Linear input{32, 32}, hidden{32, 32};
  Tensor operator()(const Tensor& x, const Tensor& h) { return torch::tanh(input(x) + hidden(h)); }
  std::vector<Tensor> parameters() const { return {input->weight, input->bias, hidden->weight, hidden->bias}; }
};

Work recurrent(std::int64_t batch) {
  struct State {
    Cell lower, upper;
    std::vector<Tensor> parameters, inputs;
    Tensor target, start;
    std::unique_ptr<torch::optim::Optimizer> optimizer;
    double loss = 0;

    Tensor error() {
      Tensor low = start, high = start;
      for (const Tensor& x : inputs) {
        low = lower(x, low);
        high = upper(low, high);
      }
      return torch::mse_loss(high, target);
    }
  };
  const auto state = std::make_shared<State>();
  state->parameters = state->lower.parameters();
  for (const Tensor& parameter : state->upper.parameters()) state->parameters.push_back(parameter);
  assign_all(state->parameters, layers({32, 32, 32, 32, 32}));
  for (int i = 0; i < 50; ++i) state->inputs.push_back(uniform_tensor({batch, 32}, 10 + i));
  state->target = uniform_tensor({batch, 32}, 1);
  state->start = torch::zeros({batch, 32});
  state->optimizer = optimiser("sgd", state->parameters);
  return {[state] { state->loss = step(*state->optimizer, [&] { return state->error(); }); },
          [state] { return numbers(state->parameters); }};
}

}  // namespace

void add_graphs(Cases& cases) {
  for (const std::int64_t n : {1, 8, 64, 1024}) cases.add("chain100/" + std::to_string(n), [n] { return chain(n); });
  cases.add("neurons/2-16-16-1", neurons);
  cases.add("train/2-16-16-1/tanh/batch100", dense);
  for (const std::int64_t batch : {1, 16})
    cases.add("train/rnn-2x32/steps50/batch" + std::to_string(batch), [batch] { return recurrent(batch); });
}

}  // namespace benchmarks::libtorch_side
