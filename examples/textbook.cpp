// The network of the textbooks: 784 inputs, 30 hidden and 10 output neurons, all sigmoid; half the squared error;
// stochastic gradient descent over mini-batches of 10 (Nielsen, "Neural networks and deep learning", 2015, chapter 1).
//
// Weights and biases are plain Parameters, and the forward pass is the textbook's formula
//     a(l) = sigmoid(W(l) a(l-1) + b(l)),
// for a batch at once: rows are samples, so W stands transposed on the right. There is no backward pass to write.

#include <cmath>
#include <cstdio>
#include <vector>

#include "autograd/autograd.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"

using namespace xgrad;

struct Layer {
  Parameter weight;  // [out, in]
  Parameter bias;    // [out]
};

Tensor feed_forward(const std::vector<Layer>& layers, Tensor a) {
  for (const Layer& layer : layers) a = sigmoid(matmul(a, transpose(layer.weight)) + layer.bias);
  return a;
}

double accuracy(const std::vector<Layer>& layers, const data::Dataset& test) {
  const NoGrad untracked;
  return mean(argmax(feed_forward(layers, test.inputs)) == test.labels).item();
}

int main() {
  const std::string directory = data::find_mnist();
  const data::Dataset train = data::mnist(directory, data::Split::train);
  const data::Dataset test = data::mnist(directory, data::Split::test);

  // Weights start normally distributed with deviation 1 / sqrt(number of inputs), biases with deviation 1.
  Rng rng(1);
  std::vector<Layer> layers;
  for (const auto& [in, out] : {std::pair{784, 30}, std::pair{30, 10}})
    layers.push_back({Parameter(normal({out, in}, rng, 0, 1 / std::sqrt(in))), Parameter(normal({out}, rng))});

  const double rate = 3.0;
  auto batches = data::batches(train, {.size = 10, .shuffle = true, .seed = 1});
  std::printf("before training: %.1f %% of the test digits\n", 100 * accuracy(layers, test));
  for (int epoch = 1; epoch <= 3; ++epoch) {
    for (const auto& [images, labels] : batches) {
      const Tensor target = one_hot(labels, 10);
      const Tensor cost = nn::half_squared_error(feed_forward(layers, images), target);  // mean over the batch
      std::vector<Parameter> parameters;
      for (const Layer& layer : layers) parameters.insert(parameters.end(), {layer.weight, layer.bias});
      const auto gradients = grad(cost, parameters);
      std::vector<Tensor> updated;
      for (std::size_t i = 0; i < parameters.size(); ++i) updated.push_back(parameters[i] - rate * gradients[i]);
      assign(parameters, updated);  // one evaluation for the whole step
    }
    std::printf("epoch %d: %.1f %%\n", epoch, 100 * accuracy(layers, test));
  }
}
