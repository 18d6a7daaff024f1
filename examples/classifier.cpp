// A classifier of handwritten digits in thirty lines: a module, a loss, an optimiser, and a loop. `mnist` is the same
// with options, a progress bar and pictures.

#include <cstdio>

#include "autograd/autograd.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
using namespace xgrad;

struct Classifier : nn::Module {
  nn::Linear hidden{784, 128};
  nn::Linear output{128, 10};

  Tensor operator()(const Tensor& images) const { return output(relu(hidden(images))); }
  void visit(nn::Visitor& visitor) override {
    visitor("hidden", hidden);
    visitor("output", output);
  }
};

int main() {
  const auto train = data::mnist(data::find_mnist(), data::Split::train);
  Classifier model;
  optim::Optimizer optimizer(model.parameters(), optim::adam(optim::cosine_decay(1e-3, 2000)));
  auto batches = data::batches(train, {.size = 64, .shuffle = true, .seed = 1});
  while (optimizer.steps() < 2000)
    for (const auto& [images, labels] : batches) {
      Tensor loss = nn::cross_entropy(model(images), labels);
      optimizer.step(grad(loss, model.parameters()));
      if (optimizer.steps() % 500 == 0) std::printf("step %4ld  loss %.3f\n", optimizer.steps(), loss.item());
      if (optimizer.steps() == 2000) break;
    }
  data::save("classifier.safetensors", model);
}
