// A physics-informed network solves Burgers' equation: it is never shown a solution, only the equation.
//
//     du/dt + u du/dx = v d2u/dx2,   u(0, x) = -sin(pi x),   u(t, -1) = u(t, 1) = 0
//
// A network stands for u(t, x); the loss is the mean square of what the equation is off at some points (Raissi,
// Perdikaris and Karniadakis, "Physics-informed neural networks", 2019). So the loss has second derivatives of the
// network by its inputs in it, and is differentiated by the weights in turn. What makes it work is that the start and
// the border hold whatever the network says, u = -sin(pi x) + t (1 - x^2) net(t, x), and that L-BFGS, which learns the
// curvature as it goes, finds minima that plain gradient descent does not.

#include <cmath>
#include <cstdio>
#include <numbers>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"

using namespace xgrad;

constexpr double pi = std::numbers::pi, viscosity = 0.1 / pi;

/// The weights of a module as one vector, which is what `minimise` takes.
Tensor flat_weights(const nn::Module& module) {
  std::vector<Tensor> parts;
  for (const Parameter& parameter : module.parameters()) parts.push_back(reshape(parameter, {-1}));
  return concat(parts);
}
std::vector<Tensor> unflat_weights(const Tensor& flat, const nn::Module& module) {
  std::vector<Tensor> weights;
  std::int64_t at = 0;
  for (const Parameter& parameter : module.parameters()) {
    weights.push_back(reshape(flat(slice(at, at + parameter.numel())), parameter.shape()));
    at += parameter.numel();
  }
  return weights;
}

/// The solution, by the transformation of Cole (1951) and Hopf (1950): a quotient of two integrals.
double exact(double t, double x) {
  if (t == 0) return -std::sin(pi * x);
  double above = 0, below = 0;
  const double spread = std::sqrt(4 * viscosity * t);
  for (int i = -400; i <= 400; ++i) {
    const double z = i * 0.01, y = x - z * spread;  // a trapezoidal sum, for which e^(-z^2) is all but 0 at its ends
    const double weight = std::exp(-z * z - std::cos(pi * y) / (2 * pi * viscosity));
    above += std::sin(pi * y) * weight;
    below += weight;
  }
  return -above / below;
}

/// u(t, x) by a network with such weights: the start and the border hold whatever it says.
Tensor solution(nn::Sequential& network, const Tensor& weights, const Tensor& t, const Tensor& x) {
  const Tensor output = nn::functional_call(network, unflat_weights(weights, network), stack({t, x}, -1));
  return t * (1 - square(x)) * squeeze(output, -1) - sin(pi * x);
}

/// The weights with which the equation holds best at some points.
Tensor train(nn::Sequential& network) {
  // taylor gives u, du/dx and d2u/dx2 in one go; each point depends on its own x only, so that one direction of ones
  // serves all. jvp does the same along t.
  Rng rng(2);
  const Tensor t = uniform({800}, rng, 0, 1, float64), x = uniform({800}, rng, -1, 1, float64);
  const Tensor one = ones_like(x);
  const auto residual = [&](const Tensor& weights) {
    const auto u = taylor([&](const Tensor& at) { return solution(network, weights, t, at); }, x, one, 2);
    const auto [value, slope] = jvp([&](const Tensor& at) { return solution(network, weights, at, x); }, t, one);
    return slope + u[0] * u[1] - viscosity * u[2];
  };
  const auto loss = [&](const Tensor& weights) { return mean(square(residual(weights))); };

  Tensor weights = flat_weights(network);
  std::printf("%lld weights, %lld points; mean square of the residual:\n", static_cast<long long>(weights.numel()),
              static_cast<long long>(x.numel()));
  std::printf("  before  %.0e\n", loss(weights).item());
  for (int round = 1; round <= 3; ++round) {
    const Minimum minimum = minimise(loss, weights, {.max_iterations = 200, .history = 50});
    weights = stop_gradient(minimum.x);
    std::printf("  after %d iterations  %.0e\n", 200 * round, minimum.value.item());
  }
  return weights;
}

/// Against the exact solution: a wave that steepens to a front in the middle.
void compare(nn::Sequential& network, const Tensor& weights) {
  const NoGrad untracked;
  double error = 0, size = 0;
  std::printf("\n     x:");
  for (int j = 0; j <= 8; ++j) std::printf("%7.2f", -1 + 0.25 * j);
  for (const double time : {0.0, 0.25, 0.5, 1.0}) {
    const Tensor grid = linspace(-1, 1, 81, float64);
    const auto learned = solution(network, weights, full_like(grid, time), grid).to_vector();
    std::printf("\nt %.2f ", time);
    for (std::size_t i = 0; i < learned.size(); ++i) {
      const double truth = exact(time, -1 + 0.025 * static_cast<double>(i));
      error += (learned[i] - truth) * (learned[i] - truth);
      size += truth * truth;
      if (i % 10 == 0) std::printf("%7.2f", std::round(100 * learned[i]) / 100 + 0.0);  // + 0.0: no -0.00
    }
  }
  std::printf("\n\ndistance from the exact solution, relative: %.3f\n", std::sqrt(error / size));
}

int main() {
  seed(1);
  const auto smooth = [](const Tensor& x) { return tanh(x); };
  const nn::LinearOptions options{.dtype = float64};
  nn::Sequential network(nn::Linear(2, 20, options), smooth, nn::Linear(20, 20, options), smooth,
                         nn::Linear(20, 1, options));
  compare(network, train(network));
}
