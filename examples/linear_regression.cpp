// Linear regression, written out: record a loss, ask for its gradients, step downhill.
//
// The data follow y = 3 x1 - 2 x2 + 0.5 plus a little noise; gradient descent finds the three numbers again.

#include <cstdio>

#include "autograd/autograd.hpp"

using namespace xgrad;

int main() {
  Rng rng(1);
  const Tensor x = normal({200, 2}, rng);
  const Tensor y = matmul(x, tensor({3.0, -2.0})) + 0.5 + normal({200}, rng, 0, 0.01);

  // Parameters are the only things that change.
  Parameter weight{zeros({2})}, bias{zeros({})};

  for (int step = 0; step <= 100; ++step) {
    const Tensor loss = mean(square(matmul(x, weight) + bias - y));  // recorded, not computed yet
    if (step % 20 == 0) std::printf("step %3d  loss %.6f\n", step, loss.item());
    const auto gradients = grad(loss, {weight, bias});
    weight.assign(weight - 0.1 * gradients[0]);
    bias.assign(bias - 0.1 * gradients[1]);
  }
  const auto w = weight.value().to_vector();
  std::printf("y = %.2f x1 + %.2f x2 + %.2f\n", w[0], w[1], bias.item());
}
