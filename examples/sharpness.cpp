// A model as a function of its parameters: the gradient of each sample's loss, and the sharpest direction of the loss.
//
// functional_call computes a model with other Tensors in place of its Parameters, so that every transform of functions
// takes it: the rows of a Jacobian are per-sample gradients, and products with the Hessian need no Hessian.

#include <cmath>
#include <cstdio>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"

using namespace xgrad;

int main() {
  seed(2);
  nn::Sequential model(nn::Linear(2, 8), gelu, nn::Linear(8, 1));
  Rng rng(1);
  const Tensor x = normal({64, 2}, rng), y = sum(sin(x), -1, keep_dims);

  using Weights = std::vector<Tensor>;
  const auto each_loss = [&](const Weights& w) { return square(nn::functional_call(model, w, x) - y)(all, 0); };
  const auto loss = [&](const Weights& w) { return mean(each_loss(w)); };

  // One row for each sample; their mean is the gradient of the loss.
  const Weights rows = jacobian(each_loss)(model.parameters()), gradients = grad(loss)(model.parameters());
  double largest_difference = 0;
  for (std::size_t i = 0; i < rows.size(); ++i)
    largest_difference = std::max(largest_difference, max(abs(mean(rows[i], 0) - gradients[i])).item());
  std::printf("%lld gradients of single samples; their mean is the gradient: %s\n",
              static_cast<long long>(rows[0].size(0)), largest_difference < 1e-6 ? "yes" : "no");

  // The largest eigenvalue of the Hessian, by power iteration.
  Weights direction;
  for (const Parameter& parameter : model.parameters()) direction.push_back(normal(parameter.shape(), rng));
  double curvature = 0;
  for (int step = 0; step < 50; ++step) {
    Weights product = hvp(loss, model.parameters(), direction);
    Tensor squares = tensor(0.0);
    for (const Tensor& part : product) squares += sum(square(part));
    curvature = std::sqrt(squares.item());
    for (std::size_t i = 0; i < product.size(); ++i) direction[i] = product[i] / curvature;
  }
  std::printf("largest curvature: %.2f\n", curvature);
  std::printf("gradient descent is stable below a rate of %.2f\n", 2 / curvature);
}
