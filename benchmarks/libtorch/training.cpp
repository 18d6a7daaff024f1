#include "benchmarks/libtorch/common.hpp"

namespace benchmarks::libtorch_side {

void set_threads(int count) { at::set_num_threads(count); }

namespace {

/// Linear layers with ReLU between them.
torch::nn::Sequential network(const std::vector<std::int64_t>& sizes) {
  torch::nn::Sequential layers_;
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    layers_->push_back(torch::nn::Linear(sizes[i - 1], sizes[i]));
    if (i + 1 < sizes.size()) layers_->push_back(torch::nn::ReLU());
  }
  assign_all(layers_->parameters(), layers(sizes));
  return layers_;
}

Work training(const Training& setup) {
  struct State {
    torch::nn::Sequential model;
    std::unique_ptr<torch::optim::Optimizer> optimizer;
    torch::Tensor images, labels;
    double loss = 0;
  };
  const auto model = network(setup.sizes);
  const auto state = std::make_shared<State>(State{model, optimiser(setup.optimiser, model->parameters()),
                                                   uniform_tensor({setup.batch, setup.sizes.front()}, 1, 0, 1),
                                                   class_tensor(setup.batch, setup.sizes.back(), 2)});
  return {[state] {
            state->loss = step(*state->optimizer, [&] {
              return torch::nn::functional::cross_entropy(state->model->forward(state->images), state->labels);
            });
          },
          [state] {
            auto all = numbers(state->model->parameters());
            all.push_back({state->loss});
            return all;
          }};
}

Work sigmoids() {
  struct State {
    torch::nn::Sequential model{torch::nn::Linear(784, 30), torch::nn::Sigmoid(), torch::nn::Linear(30, 10),
                                torch::nn::Sigmoid()};
    torch::optim::SGD optimizer{model->parameters(), torch::optim::SGDOptions(3.0)};
    torch::Tensor images = uniform_tensor({10, 784}, 1, 0, 1), targets = uniform_tensor({10, 10}, 2, 0, 1);
    double loss = 0;
  };
  const auto state = std::make_shared<State>();
  assign_all(state->model->parameters(), layers({784, 30, 10}));
  return {[state] {
            state->loss = step(state->optimizer, [&] {
              return torch::mse_loss(state->model->forward(state->images), state->targets, at::Reduction::Sum) * 0.05;
            });
          },
          [state] { return numbers(state->model->parameters()); }};
}

Work epoch() {
  struct State {
    torch::nn::Sequential model = network({784, 128, 10});
    torch::optim::SGD optimizer{model->parameters(), torch::optim::SGDOptions(sgd_rate)};
    torch::Tensor images = uniform_tensor({60000, 784}, 1, 0, 1), labels = class_tensor(60000, 10, 2);
    double loss = 0;

    void run() {
      const torch::Tensor order = torch::randperm(images.size(0));
      for (const torch::Tensor& chosen : order.split(64)) {
        const torch::Tensor x = images.index_select(0, chosen), y = labels.index_select(0, chosen);
        loss += step(optimizer, [&] { return torch::nn::functional::cross_entropy(model->forward(x), y); });
      }
    }
  };
  const auto state = std::make_shared<State>();
  return {[state] { state->run(); }, [state] { return std::vector<Numbers>{{state->loss}}; }};
}

}  // namespace

void add_training(Cases& cases) {
  for (const Training& setup : trainings()) cases.add(setup.name(), [setup] { return training(setup); });
  cases.add("train/784-30-10/sigmoid/batch10", sigmoids);
  cases.add("epoch/784-128-10/sgd/batch64", epoch);
}

}  // namespace benchmarks::libtorch_side
