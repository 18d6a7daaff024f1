// Learning to learn: a network that fits any sine wave after a single step on ten points.
//
// MAML (Finn, Abbeel and Levine, "Model-agnostic meta-learning", 2017) looks for weights w from which one step of
// gradient descent on a new task leads far: it minimises, over tasks, the loss on other points of the task after
//     w' = w - rate * d L_task(w) / dw.
// The derivative of that by w goes through the step, and so has second derivatives of the loss in it; there is nothing
// to write for it. vmap takes the step for all tasks of a batch at once, though each has weights of its own then.

#include <cmath>
#include <cstdio>
#include <numbers>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

using namespace xgrad;
using Weights = std::vector<Tensor>;

constexpr double inner_rate = 0.01;

/// Points of many sine waves a sin(x + p): x and y are [tasks, points, 1].
struct Waves {
  Tensor amplitude, phase;  // [tasks, 1, 1]
  Waves(std::int64_t tasks, Rng& rng)
      : amplitude(uniform({tasks, 1, 1}, rng, 0.1, 5)), phase(uniform({tasks, 1, 1}, rng, 0, std::numbers::pi)) {}
  Tensor operator()(const Tensor& x) const { return amplitude * sin(x + phase); }
};

Tensor draw_points(std::int64_t tasks, Rng& rng) { return uniform({tasks, 10, 1}, rng, -5, 5); }

/// A network, with whatever weights, that adapts to tasks.
struct Learner {
  nn::Sequential network;

  Tensor loss(const Weights& weights, const Tensor& x, const Tensor& y) {
    return nn::mse_loss(nn::functional_call(network, weights, x), y);
  }
  /// Some steps of gradient descent on ten points of one task.
  Weights adapted(Weights weights, const Tensor& x, const Tensor& y, int steps) {
    const auto of_weights = [&](const Weights& at) { return loss(at, x, y); };
    for (int step = 0; step < steps; ++step) {
      const Weights gradients = grad(of_weights)(weights);
      for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = weights[i] - inner_rate * gradients[i];
    }
    return weights;
  }
  /// The loss on other points of each task, after steps on the first ones.
  Tensor losses_after(const Weights& weights, const Waves& waves, int steps, Rng& rng) {
    const std::int64_t tasks = waves.amplitude.size(0);
    const Tensor x = draw_points(tasks, rng), other = draw_points(tasks, rng);
    const auto of_task = [&](const Weights& start, const Tensor& seen, const Tensor& values, const Tensor& unseen,
                             const Tensor& truth) { return loss(adapted(start, seen, values, steps), unseen, truth); };
    return vmap(of_task, {unmapped, 0, 0, 0, 0})(weights, x, waves(x), other, waves(other));
  }
};

Weights weights_of(const nn::Module& network) {
  const std::vector<Parameter> parameters = network.parameters();
  return Weights(parameters.begin(), parameters.end());
}

/// The learner so that it adapts well, the other network on the same tasks without adapting.
void train(Learner& learner, nn::Sequential& average) {
  Rng rng(2);
  optim::Optimizer outer(learner.network.parameters(), optim::adam(1e-3));
  optim::Optimizer plain(average.parameters(), optim::adam(1e-3));
  constexpr int meta_steps = 3000;
  for (int step = 1; step <= meta_steps; ++step) {
    const Waves waves(25, rng);
    const auto meta_loss = [&](const Weights& weights) { return mean(learner.losses_after(weights, waves, 1, rng)); };
    outer.step(grad(meta_loss)(learner.network.parameters()));
    const Tensor x = draw_points(25, rng);
    plain.step(grad(nn::mse_loss(average(x), waves(x)), average.parameters()));
  }
}

void evaluate(Learner& learner, nn::Sequential& average) {
  std::printf("mean square error on new waves, after so many steps on ten points of each:\n");
  std::printf("%-24s", "steps");
  for (const int steps : {0, 1, 2, 5, 10}) std::printf("%7d", steps);
  for (const auto& [name, model] : {std::pair{"MAML", &learner.network}, {"trained on all waves", &average}}) {
    std::printf("\n%-24s", name);
    for (const int steps : {0, 1, 2, 5, 10}) {
      Rng test(5);
      const Waves waves(200, test);
      std::printf("%7.2f", mean(learner.losses_after(weights_of(*model), waves, steps, test)).item());
    }
  }
}

/// One wave: ten points, all on its left half, and what one step and ten make of them.
void show_wave(Learner& learner) {
  const Tensor x = reshape(linspace(-5, 0, 10), {10, 1}), grid = reshape(linspace(-5, 5, 11), {11, 1});
  const auto wave = [](const Tensor& at) { return 4.0 * sin(at + 0.5); };
  std::printf("\n\nA wave of which only x < 0 was seen:\n%-10s%-10s%-10s%-10s%s\n", "x", "truth", "0 steps", "1 step",
              "10 steps");
  std::vector<std::vector<double>> columns = {grid.to_vector(), wave(grid).to_vector()};
  for (const int steps : {0, 1, 10}) {
    const Weights weights = learner.adapted(weights_of(learner.network), x, wave(x), steps);
    columns.push_back(nn::functional_call(learner.network, weights, grid).to_vector());
  }
  for (std::size_t i = 0; i < columns[0].size(); ++i) {
    std::printf("%-10.0f", columns[0][i]);
    for (std::size_t c = 1; c < columns.size(); ++c)
      std::printf(c + 1 < columns.size() ? "%-10.1f" : "%.1f", columns[c][i]);
    std::printf("\n");
  }
}

int main() {
  seed(1);
  Learner learner{nn::Sequential(nn::Linear(1, 40), relu, nn::Linear(40, 40), relu, nn::Linear(40, 1))};
  // The same network trained on all tasks at once, without adapting, can only learn their mean.
  nn::Sequential average = nn::clone(learner.network);
  train(learner, average);
  evaluate(learner, average);
  show_wave(learner);
}
