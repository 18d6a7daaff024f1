// Training steps of dense networks, and an epoch of them.

#include "benchmarks/xgrad/common.hpp"
#include "data/data.hpp"

namespace benchmarks::xgrad_side {

using namespace xgrad;

void set_threads(int count) { set_num_threads(count); }

namespace {

/// Linear layers with ReLU between them.
struct Network : nn::Module {
  explicit Network(const std::vector<std::int64_t>& sizes) {
    for (std::size_t i = 1; i < sizes.size(); ++i) layers.emplace_back(sizes[i - 1], sizes[i]);
    assign_all(parameters(), benchmarks::layers(sizes));
  }
  Tensor operator()(Tensor x) const {
    for (std::size_t i = 0; i + 1 < layers.size(); ++i) x = relu(layers[i](x));
    return layers.back()(x);
  }
  void visit(nn::Visitor& visitor) override {
    for (std::size_t i = 0; i < layers.size(); ++i) visitor(std::to_string(i), layers[i]);
  }

  std::vector<nn::Linear> layers;
};

Work training(const Training& setup) {
  struct State {
    Network network;
    optim::Optimizer optimizer;
    Tensor images, labels;
    double loss = 0;
    std::vector<Numbers> first{};  // parameters after the first step

    void step() {
      const Tensor cross_entropy = nn::cross_entropy(network(images), labels);
      optimizer.step(grad(cross_entropy, network.parameters()));
      loss = cross_entropy.item();
    }
  };
  Network network(setup.sizes);
  optim::Optimizer optimizer(network.parameters(), rule(setup.optimiser));
  const auto state = std::make_shared<State>(State{std::move(network), std::move(optimizer),
                                                   uniform_tensor({setup.batch, setup.sizes.front()}, 1, 0, 1),
                                                   tensor(classes(setup.batch, setup.sizes.back(), 2))});
  // With Adam parameters are compared after one step (see first_steps_apart), else after all.
  const auto one = [state] {
    if (state->first.empty()) state->first = numbers(state->network.parameters());
  };
  const bool adam = setup.optimiser == "adam";
  return {[state] { state->step(); },
          [state, adam] {
            auto all = adam ? state->first : numbers(state->network.parameters());
            all.push_back({state->loss});
            return all;
          },
          adam ? std::function<void()>(one) : nullptr};
}

Work sigmoids() {
  struct State {
    nn::Linear hidden{784, 30}, output{30, 10};
    Tensor images = uniform_tensor({10, 784}, 1, 0, 1), targets = uniform_tensor({10, 10}, 2, 0, 1);
    std::vector<Parameter> parameters{hidden.weight, hidden.bias, output.weight, output.bias};
    optim::Optimizer optimizer{parameters, optim::sgd(3.0)};
    double loss = 0;

    void step() {
      const Tensor error = nn::half_squared_error(sigmoid(output(sigmoid(hidden(images)))), targets);
      optimizer.step(grad(error, parameters));
      loss = error.item();
    }
  };
  const auto state = std::make_shared<State>();
  assign_all(state->parameters, layers({784, 30, 10}));
  return {[state] { state->step(); }, [state] { return numbers(state->parameters); }};
}

/// Steps whose batches differ in size, in turn.
Work varying() {
  struct State {
    Network network{{784, 128, 10}};
    optim::Optimizer optimizer{network.parameters(), optim::sgd(sgd_rate)};
    std::vector<Tensor> images, labels;
    double loss = 0;

    void run() {
      for (std::size_t i = 0; i < images.size(); ++i) {
        const Tensor cross_entropy = nn::cross_entropy(network(images[i]), labels[i]);
        optimizer.step(grad(cross_entropy, network.parameters()));
        loss = cross_entropy.item();
      }
    }
  };
  const auto state = std::make_shared<State>();
  for (const std::int64_t batch : varying_batches) {
    state->images.push_back(uniform_tensor({batch, 784}, 1, 0, 1));
    state->labels.push_back(tensor(classes(batch, 10, 2)));
  }
  return {[state] { state->run(); }, [state] { return numbers(state->network.parameters()); }};
}

Work epoch() {
  struct State {
    Network network{{784, 128, 10}};
    optim::Optimizer optimizer{network.parameters(), optim::sgd(sgd_rate)};
    data::Dataset digits{uniform_tensor({60000, 784}, 1, 0, 1), tensor(classes(60000, 10, 2))};
    data::Batches batches = data::batches(digits, {.size = 64, .shuffle = true, .seed = 3});
    double loss = 0;

    void run() {
      for (const auto& [images, labels] : batches) {
        const Tensor cross_entropy = nn::cross_entropy(network(images), labels);
        optimizer.step(grad(cross_entropy, network.parameters()));
        loss += cross_entropy.item();
      }
    }
  };
  const auto state = std::make_shared<State>();
  // The two sides shuffle in their own ways, so the sums of the losses of three epochs agree only roughly.
  return {[state] { state->run(); }, [state] { return std::vector<Numbers>{{state->loss}}; }};
}

}  // namespace

void add_training(Cases& cases) {
  for (const Training& setup : trainings()) cases.add(setup.name(), [setup] { return training(setup); });
  cases.add("train/784-30-10/sigmoid/batch10", sigmoids);
  cases.add("train/784-128-10/sgd/varying_batches", varying);
  cases.add("epoch/784-128-10/sgd/batch64", epoch, 0.01);
}

}  // namespace benchmarks::xgrad_side
