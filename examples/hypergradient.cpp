// Learning a learning rate by its gradient.
//
// `unroll` records several optimiser steps as one function of the initial parameters and the hyperparameters. Its
// gradient with respect to the learning rate tells how the final loss changes with it: descend on that.

#include <cmath>
#include <cstdio>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

using namespace xgrad;

int main() {
  // Least squares in four unknowns.
  Rng rng(5);
  const Tensor a = normal({20, 4}, rng, 0, 1, float64), b = normal({20}, rng, 0, 1, float64);
  const optim::Problem problem{{zeros({4}, float64)},
                               [&](const optim::Tensors& x) { return mean(square(matmul(a, x[0]) - b)); }};

  // The logarithm of the rate is learned, so that the rate stays positive.
  Parameter log_rate{tensor(std::log(0.01), float64)};
  for (int step = 0; step <= 40; ++step) {
    const Tensor final_loss = optim::unroll(problem, optim::sgd(exp(log_rate)), 10);
    const Tensor hypergradient = grad(final_loss, log_rate);
    if (step % 10 == 0)
      std::printf("rate %.4f  loss after 10 steps %.4f  d loss / d log rate %+.4f\n", std::exp(log_rate.item()),
                  final_loss.item(), hypergradient.item());
    log_rate.assign(log_rate - 1.0 * hypergradient);
  }
}
