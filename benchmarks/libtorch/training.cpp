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

/// How far two runs of Adam may come apart whose gradients differ by rounding alone, by element.
///
/// A step is u = lr m / (s + eps), where m and s^2 are averages of the gradients g and of g^2, with weights that add up
/// to 1 (after the correction of bias). If no gradient so far differs by more than d between the runs, neither m nor s
/// does (s is a norm of the gradients). So, with (m, s) and (m', s') of the two,
///     |u - u'| <= lr (|m - m'| / (s + eps) + |m'| |s - s'| / ((s + eps) (s' + eps))) <= (1 + r) lr d / (s + eps),
/// where |m'| <= r s' with r^2 = sum of weight_m^2 / weight_s <= 1.0075 in the first three steps (Cauchy-Schwarz).
/// Where s is small this says less than |u - u'| <= 2 r lr. The first step is lr g / (|g| + eps): there a gradient that
/// is 0 but for rounding makes a whole step, this way or that.
///
/// d: a gradient is a sum over a batch of what comes through layers, all sums of at most n = 784 + 512 + 512 + 256
/// products altogether; in float32 that is n 2^-24 = 1.2e-4 of the size of what is added up.
class AdamApart {
 public:
  void observe(const std::vector<torch::Tensor>& parameters) {
    constexpr double rate = adaptive_rate, eps = 1e-8, decay = 0.999, ratio = 1.0038, rounding = 1.2e-4;
    ++steps_;
    weight_ = decay * weight_ + 1 - decay;
    apart_.resize(parameters.size()), squares_.resize(parameters.size()), largest_.resize(parameters.size());
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const torch::Tensor g = parameters[i].grad().to(torch::kFloat64), square = g * g * (1 - decay);
      squares_[i] = steps_ == 1 ? square : squares_[i] * decay + square;
      largest_[i] = std::max(largest_[i], g.abs().max().item<double>());
      const torch::Tensor size = torch::sqrt(squares_[i] / weight_) + eps;
      const torch::Tensor step = torch::clamp((1 + ratio) * rate * rounding * largest_[i] / size, 0, 2 * ratio * rate);
      apart_[i] = steps_ == 1 ? step : apart_[i] + step;
    }
  }
  std::vector<Numbers> by_element() const { return numbers(apart_); }

 private:
  int steps_ = 0;
  double weight_ = 0;  // what the weights of squares_ add up to
  std::vector<torch::Tensor> apart_, squares_;
  std::vector<double> largest_;
};

Work training(const Training& setup) {
  struct State {
    torch::nn::Sequential model;
    std::unique_ptr<torch::optim::Optimizer> optimizer;
    torch::Tensor images, labels;
    double loss = 0;
    AdamApart apart{};
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
  work.observe = [state] { state->apart.observe(state->model->parameters()); };
  work.amplified = [state] {
    auto all = state->apart.by_element();
    all.push_back({0});  // of the loss
    return all;
  };
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
