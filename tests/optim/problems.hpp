#pragma once

// What the tests of the optimisers share: functions to make small.

#include <cmath>

#include "autograd/autograd.hpp"
#include "optim/optim.hpp"

namespace xgrad::optim {

inline Tensor f64(const Literal& values) { return tensor(values, float64); }

/// x after some steps on x^2 / 2 from x = 1: what the golden values are of.
inline double after_steps(const Transformation& rule, std::int64_t steps) {
  const Problem parabola{{f64(1.0)}, [](const Tensors& x) { return 0.5 * square(x[0]); }};
  return unroll_all(parabola, rule, steps).parameters[0].item();
}

/// The same with an Optimizer, which computes and forgets.
inline double after_optimizer_steps(const Transformation& rule, int steps) {
  Parameter x(f64(1.0));
  Optimizer optimizer({x}, rule);
  for (int step = 0; step < steps; ++step) {
    const Tensor loss = 0.5 * square(x);
    optimizer.step({grad(loss, x)});
  }
  return x.item();
}

inline Tensor rosenbrock(const Tensor& x) {
  const Tensor a = select(x, 0, 0), b = select(x, 0, 1);
  return square(1 - a) + 100 * square(b - a * a);
}

/// The loss of two parameters, smooth and not quadratic, after a few steps of the rule made of hyperparameters:
/// a function of the initial parameters and all hyperparameters.
using MakeRule = std::function<Transformation(const Tensors&)>;
inline std::function<Tensor(const Tensors&)> final_loss(const MakeRule& make, std::int64_t steps = 4) {
  return [make, steps](const Tensors& inputs) {
    const Problem problem{{inputs[0], inputs[1]}, [](const Tensors& x) {
                            return sum(square(x[0]) * f64({0.5, 1.5, 1.0}) + 0.2 * exp(0.7 * x[0])) +
                                   sum(cos(x[1])) * sum(x[0]) * 0.3 + sum(square(x[1]));
                          }};
    return unroll(problem, make({inputs.begin() + 2, inputs.end()}), steps);
  };
}
/// The inputs of `final_loss`.
inline Tensors inputs_with(const std::vector<double>& hyperparameters) {
  Tensors inputs{f64({0.7, -1.1, 0.4}), f64({{0.3, -0.8}})};
  for (const double value : hyperparameters) inputs.push_back(f64(value));
  return inputs;
}

}  // namespace xgrad::optim
