// A network bends its decision boundary between two moons.
//
// The two classes are half circles that reach into each other: no straight line parts them. The picture shows what the
// network says of every place, before training, on the way and in the end: '#' and '+' where it is sure of one class or
// the other, '-' and ' ' where it is not so sure, and the examples themselves, 'o' and 'x'.

#include <cmath>
#include <cstdio>
#include <numbers>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

using namespace xgrad;

struct Moons {
  Tensor x, y;  // [n, 2]; 0 or 1 for each
  Moons(std::int64_t n, Rng& rng) : y(cast(arange(n) >= n / 2, float32)) {
    const Tensor angle = uniform({n}, rng, 0, std::numbers::pi);
    // The second moon is the first one turned by half a circle and moved.
    const Tensor side = 1 - 2 * y;
    x = stack({side * cos(angle) + y, side * sin(angle) + 0.5 * y}, 1) + 0.18 * normal({n, 2}, rng);
  }
};

constexpr int width = 64, height = 20;
constexpr double left = -1.6, right = 2.6, low = -1.2, high = 1.7;

void print_picture(nn::Sequential& model, const Moons& examples) {
  const NoGrad untracked;
  // The middle of each character, row by row: a grid as one batch.
  const Tensor column = linspace(left, right, width), row = linspace(high, low, height);
  const Tensor grid = reshape(
      stack({broadcast_to(unsqueeze(column, 0), {height, width}), broadcast_to(unsqueeze(row, 1), {height, width})},
            -1),
      {height * width, 2});
  const std::vector<double> says = sigmoid(squeeze(model(grid), -1)).to_vector();
  std::vector<std::string> picture(height, std::string(width, ' '));
  for (std::size_t i = 0; i < says.size(); ++i)
    picture[i / width][i % width] = says[i] < 0.1 ? '#' : says[i] < 0.5 ? '-' : says[i] < 0.9 ? ' ' : '+';
  const auto points = examples.x.to_vector(), classes = examples.y.to_vector();
  for (std::size_t i = 0; i < classes.size(); i += 3) {
    const auto at_column = std::lround((points[2 * i] - left) / (right - left) * (width - 1));
    const auto at_row = std::lround((high - points[2 * i + 1]) / (high - low) * (height - 1));
    if (at_column >= 0 && at_column < width && at_row >= 0 && at_row < height)
      picture[static_cast<std::size_t>(at_row)][static_cast<std::size_t>(at_column)] = classes[i] < 0.5 ? 'o' : 'x';
  }
  for (const std::string& line : picture) std::printf("|%s|\n", line.c_str());
}

int main() {
  seed(1);
  Rng rng(7);
  const Moons train(300, rng), test(1000, rng);
  nn::Sequential model(nn::Linear(2, 24), relu, nn::Linear(24, 24), relu, nn::Linear(24, 1));
  const auto accuracy = [&](const Moons& moons) {
    const NoGrad untracked;
    return 100 * mean((squeeze(model(moons.x), -1) > 0) == (moons.y > 0.5)).item();
  };

  optim::Optimizer optimizer(model.parameters(), optim::adamw(1e-2));
  for (int step = 0; step <= 400; ++step) {
    // binary cross-entropy, from logits: nothing is lost where the network is very sure
    const Tensor loss = nn::binary_cross_entropy_with_logits(squeeze(model(train.x), -1), train.y);
    if (step == 0 || step == 40 || step == 400) {
      std::printf("step %d: loss %.2f, %.0f %% of the test examples\n", step, loss.item(), accuracy(test));
      print_picture(model, train);
    }
    optimizer.step(grad(loss, model.parameters()));
  }
}
