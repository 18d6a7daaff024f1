// The classical back-propagation recursion, written out with xtensor, against the gradients that come out of the tape.

#include <catch2/catch.hpp>
#include <xtensor-blas/xlinalg.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "autograd/xtensor.hpp"
#include "nn/nn.hpp"

namespace textbook_test {

using namespace xgrad;

namespace {

using Array = xt::xarray<double>;

struct Nonlinearity {
  const char* name;
  Tensor (*recorded)(const Operand&);
  Array (*value)(const Array&);
  Array (*derivative)(const Array&);
};

Array logistic(const Array& z) { return 1.0 / (1.0 + xt::exp(-z)); }

const std::vector<Nonlinearity> nonlinearities{
    {"sigmoid", sigmoid, logistic,
     [](const Array& z) -> Array {
       const Array a = logistic(z);
       return a * (1.0 - a);
     }},
    {"tanh", xgrad::tanh, [](const Array& z) -> Array { return xt::tanh(z); },
     [](const Array& z) -> Array { return 1.0 - xt::square(xt::tanh(z)); }},
    {"relu", relu, [](const Array& z) -> Array { return xt::where(z > 0.0, z, 0.0); },
     [](const Array& z) -> Array { return xt::where(z > 0.0, xt::ones_like(z), xt::zeros_like(z)); }},
};

/// Weights and biases of a network, a batch of inputs (one per row) and its targets.
struct Example {
  std::vector<Array> weights, biases;
  Array x, y;
};

Array random(const Shape& shape, Rng& rng) {
  const Tensor values = normal(shape, rng, 0, 1, float64);
  return as_xarray<double>(values);
}

Example example(std::size_t layers, bool one_hot_targets) {
  const std::vector<std::int64_t> sizes{5, 4, 6, 3, 5, 4};
  Rng rng(layers);
  Example made;
  for (std::size_t l = 0; l < layers; ++l) {
    made.weights.push_back(random({sizes[l + 1], sizes[l]}, rng) * 0.6);
    made.biases.push_back(random({sizes[l + 1]}, rng) * 0.3);
  }
  made.x = random({7, sizes[0]}, rng);
  made.y = xt::zeros<double>({std::size_t{7}, static_cast<std::size_t>(sizes[layers])});
  for (std::size_t n = 0; n < 7; ++n) made.y(n, n % made.y.shape(1)) = 1;
  if (!one_hot_targets) made.y = random({7, sizes[layers]}, rng);
  return made;
}

/// The gradients of all weights, then all biases, then the inputs, for the loss summed over the batch.
std::vector<Array> recursion(const Example& e, const Nonlinearity& f, bool softmax_output) {
  const std::size_t layers = e.weights.size();
  std::vector<Array> z(layers), a{e.x};
  for (std::size_t l = 0; l < layers; ++l) {
    z[l] = xt::linalg::dot(a[l], xt::transpose(e.weights[l])) + e.biases[l];
    a.push_back(f.value(z[l]));
  }
  Array delta;
  if (softmax_output) {
    const Array exponentials = xt::exp(z.back());
    Array totals = xt::sum(exponentials, {1});
    totals.reshape({exponentials.shape(0), std::size_t{1}});
    delta = exponentials / totals - e.y;
  } else {
    delta = 2.0 * (a.back() - e.y) * f.derivative(z.back());
  }
  std::vector<Array> weights(layers), biases(layers);
  for (std::size_t l = layers; l-- > 0;) {
    weights[l] = xt::linalg::dot(xt::transpose(delta), a[l]);
    biases[l] = xt::sum(delta, {0});
    delta = xt::linalg::dot(delta, e.weights[l]);
    if (l > 0) delta = Array(delta * f.derivative(z[l - 1]));
  }
  weights.insert(weights.end(), biases.begin(), biases.end());
  weights.push_back(delta);
  return weights;
}

/// The same, from the tape.
std::vector<Tensor> from_tape(const Example& e, const Nonlinearity& f, bool softmax_output) {
  std::vector<nn::Linear> layers;
  for (std::size_t l = 0; l < e.weights.size(); ++l) {
    layers.emplace_back(static_cast<std::int64_t>(e.weights[l].shape(1)),
                        static_cast<std::int64_t>(e.weights[l].shape(0)), nn::LinearOptions{.dtype = float64});
    layers[l].weight.assign(from_xtensor(e.weights[l]));
    layers[l].bias.assign(from_xtensor(e.biases[l]));
  }
  const Tensor x = track(from_xtensor(e.x)), y = from_xtensor(e.y);
  Tensor a = x;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    a = layers[l](a);
    if (!softmax_output || l + 1 < layers.size()) a = f.recorded(a);
  }
  const Tensor loss = softmax_output ? nn::cross_entropy(a, argmax(y), {.reduction = nn::Reduction::sum})
                                     : nn::squared_error(a, y, nn::Reduction::sum);
  std::vector<Tensor> inputs;
  for (const auto& layer : layers) inputs.push_back(layer.weight);
  for (const auto& layer : layers) inputs.push_back(layer.bias);
  inputs.push_back(x);
  return grad(loss, inputs);
}

}  // namespace

TEST_CASE("the recorded gradients are those of the back-propagation recursion") {
  for (const bool softmax_output : {false, true})
    for (const Nonlinearity& f : nonlinearities)
      for (std::size_t layers = 1; layers <= 5; ++layers) {
        INFO(layers << " layers of " << f.name
                    << (softmax_output ? ", softmax with cross-entropy" : ", squared error"));
        const Example e = example(layers, softmax_output);
        const std::vector<Array> expected = recursion(e, f, softmax_output);
        const std::vector<Tensor> found = from_tape(e, f, softmax_output);
        REQUIRE(found.size() == expected.size());
        for (std::size_t i = 0; i < found.size(); ++i)
          CHECK_THAT(found[i], AllClose(from_xtensor(expected[i]), 1e-12, 1e-12));
      }
}

}  // namespace textbook_test
