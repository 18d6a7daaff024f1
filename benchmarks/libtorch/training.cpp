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

/// How far the first steps of Adam may lie apart of two runs whose gradients differ by rounding alone, by element.
///
/// The first step is u = lr g / (|g| + eps), whatever the decays. With gradients g and g' that differ by d at most
///     |u - u'| <= lr (|g - g'| / (|g| + eps) + |g'| ||g| - |g'|| / ((|g| + eps) (|g'| + eps))) <= 2 lr d / (|g| +
///     eps),
/// and |u - u'| <= 2 lr, which says more where |g| is below d: a gradient that is 0 but for rounding makes a whole
/// step, this way or that. From the second step on gradients differ by more than rounding, as the weights they are
/// taken at do, so that is no bound for them.
///
/// d: a gradient is a sum over a batch of what has come through the layers, sums of n = 784 + 512 + 512 + 256 products
/// one after the other: in float32 n 2^-24 = 1.2e-4 of what is added up, for which the largest gradient stands here.
std::vector<torch::Tensor> first_steps_apart(const std::vector<torch::Tensor>& parameters) {
  constexpr double rate = adaptive_rate, eps = 1e-8, rounding = 1.2e-4;
  std::vector<torch::Tensor> apart;
  for (const torch::Tensor& parameter : parameters) {
    const torch::Tensor size = parameter.grad().to(torch::kFloat64).abs();
    const double d = rounding * size.max().item<double>();
    apart.push_back(torch::clamp(2 * rate * d / (size + eps), 0, 2 * rate));
  }
  return apart;
}

Work training(const Training& setup) {
  struct State {
    torch::nn::Sequential model;
    std::unique_ptr<torch::optim::Optimizer> optimizer;
    torch::Tensor images, labels;
    double loss = 0;
    std::vector<Numbers> first{}, apart{};  // parameters after the first step of Adam, and how far they may lie apart
  };
  const auto model = network(setup.sizes);
  const auto state = std::make_shared<State>(State{model, optimiser(setup.optimiser, model->parameters()),
                                                   uniform_tensor({setup.batch, setup.sizes.front()}, 1, 0, 1),
                                                   class_tensor(setup.batch, setup.sizes.back(), 2)});
  Work work{[state] {
              state->loss = step(*state->optimizer, [&] {
                return torch::nn::functional::cross_entropy(state->model->forward(state->images), state->labels);
              });
            },
            [state] {
              auto all = numbers(state->model->parameters());
              all.push_back({state->loss});
              return all;
            }};
  if (setup.optimiser != "adam") return work;
  work.observe = [state] {
    if (!state->first.empty()) return;
    state->first = numbers(state->model->parameters());
    state->apart = numbers(first_steps_apart(state->model->parameters()));
  };
  const auto with_loss = [](std::vector<Numbers> all, double loss) {
    all.push_back({loss});
    return all;
  };
  work.results = [state, with_loss] { return with_loss(state->first, state->loss); };
  work.amplified = [state, with_loss] { return with_loss(state->apart, 0); };
  return work;
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

Work varying() {
  struct State {
    torch::nn::Sequential model = network({784, 128, 10});
    torch::optim::SGD optimizer{model->parameters(), torch::optim::SGDOptions(sgd_rate)};
    std::vector<torch::Tensor> images, labels;
    double loss = 0;

    void run() {
      for (std::size_t i = 0; i < images.size(); ++i)
        loss =
            step(optimizer, [&] { return torch::nn::functional::cross_entropy(model->forward(images[i]), labels[i]); });
    }
  };
  const auto state = std::make_shared<State>();
  for (const std::int64_t batch : varying_batches) {
    state->images.push_back(uniform_tensor({batch, 784}, 1, 0, 1));
    state->labels.push_back(class_tensor(batch, 10, 2));
  }
  return {[state] { state->run(); }, [state] { return numbers(state->model->parameters()); }};
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
  cases.add("train/784-128-10/sgd/varying_batches", varying);
  cases.add("epoch/784-128-10/sgd/batch64", epoch);
}

}  // namespace benchmarks::libtorch_side
