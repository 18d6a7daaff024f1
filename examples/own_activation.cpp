// An activation nobody has a layer for: five lines, and it trains, differentiates twice and saves like any other.
//
// The "bent snake": x + sin^2(a x) / a for x > 0, and tanh(x) below, with a learned frequency a.

#include <cmath>
#include <cstdio>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

using namespace xgrad;

struct BentSnake : nn::Module {
  Parameter frequency{tensor(1.0)};
  Tensor operator()(const Tensor& x) const { return where(x > 0, x + square(sin(frequency * x)) / frequency, tanh(x)); }
  void visit(nn::Visitor& visitor) override { visitor("frequency", frequency); }
};

struct Network : nn::Module {
  nn::Linear hidden{1, 32};
  BentSnake activation;
  nn::Linear output{32, 1};
  Tensor operator()(const Tensor& x) const { return output(activation(hidden(x))); }
  void visit(nn::Visitor& visitor) override {
    visitor("hidden", hidden);
    visitor("activation", activation);
    visitor("output", output);
  }
};

int main() {
  seed(3);
  Network network;
  const Tensor x = reshape(linspace(-3, 3, 200), {-1, 1});
  const Tensor y = sin(3 * x) + 0.3 * x;

  optim::Optimizer optimizer(network.parameters(), optim::adam(0.01));
  for (int step = 0; step <= 1000; ++step) {
    const Tensor loss = nn::mse_loss(network(x), y);
    if (step % 250 == 0) std::printf("step %4d  loss %.5f\n", step, loss.item());
    optimizer.step(grad(loss, network.parameters()));
  }
  std::printf("learned frequency: %.2f\n", network.activation.frequency.item());

  // The second derivative of the network's output, for free: at x = 1 it should be near -9 sin(3).
  const auto f = [&](const Tensor& at) { return sum(network(at)); };
  const Tensor second = hessian(f)(tensor({{1.0}}));
  std::printf("curvature at 1: %.1f (the data's: %.1f)\n", second.item(), -9 * std::sin(3.0));
}
