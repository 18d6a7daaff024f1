// A variational autoencoder draws digits of its own.
//
// An encoder turns a picture x into a normal distribution q(z | x) over a code z of 8 numbers, a decoder turns a code
// into the probability of ink at each pixel. Trained together (Kingma and Welling, "Auto-encoding variational Bayes",
// 2013), they make the evidence lower bound large,
//     log p(x) >= E[ log p(x | z) ] - KL( q(z | x) || N(0, 1) ),
// how well the code tells the picture, and how little it tells beyond that. So codes of all pictures fill N(0, 1)
// without holes, and a code drawn from it decodes to a new picture. The derivative gets through the draw because
// z = mean + deviation * noise: the noise is drawn beforehand, by no distribution that depends on the weights.

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "autograd/autograd.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

using namespace xgrad;

constexpr std::int64_t pixels = 784, codes = 8;

struct Autoencoder : nn::Module {
  nn::Linear inner{pixels, 256}, mean{256, codes}, log_variance{256, codes};
  nn::Linear outer{codes, 256}, ink{256, pixels};

  std::pair<Tensor, Tensor> encode(const Tensor& x) const {
    const Tensor h = relu(inner(x));
    return {mean(h), log_variance(h)};
  }
  Tensor decode(const Tensor& z) const { return ink(relu(outer(z))); }  // logits
  void visit(nn::Visitor& visitor) override {
    visitor("inner", inner);
    visitor("mean", mean);
    visitor("log_variance", log_variance);
    visitor("outer", outer);
    visitor("ink", ink);
  }
};

/// The two parts of the bound, for one picture: what is missing in the picture, and what the code tells.
std::pair<Tensor, Tensor> bound(const Autoencoder& model, const Tensor& x, Rng& rng) {
  const auto [mu, log_variance] = model.encode(x);
  const Tensor z = mu + exp(0.5 * log_variance) * normal(mu.shape(), rng);
  const double n = static_cast<double>(x.size(0));
  const Tensor missing =
      nn::binary_cross_entropy_with_logits(model.decode(z), x, {.reduction = nn::Reduction::sum}) / n;
  const Tensor told = 0.5 * sum(square(mu) + exp(log_variance) - 1 - log_variance) / n;  // KL of normal distributions
  return {missing, told};
}

/// Pictures [n, 784] side by side, two rows of pixels to a line.
void print_pictures(const Tensor& pictures) {
  const std::string ink = " .:+#@";
  const Tensor lines = mean(reshape(pictures, {-1, 14, 2, 28}), 2);  // [n, 14, 28]
  for (std::int64_t row = 0; row < 14; ++row) {
    std::string text;
    for (std::int64_t i = 0; i < lines.size(0); ++i) {
      for (const double value : lines(i, row).to_vector())
        text += ink[static_cast<std::size_t>(std::min(5.0, 6 * value))];
      text += "|";
    }
    std::printf("|%s\n", text.c_str());
  }
}

int main() {
  seed(1);
  const auto train = data::mnist(data::find_mnist(), data::Split::train);
  const auto test = data::mnist(data::find_mnist(), data::Split::test);
  Autoencoder model;
  Rng rng(2);
  constexpr std::int64_t steps = 1000;
  optim::Optimizer optimizer(model.parameters(), optim::adam(optim::cosine_decay(2e-3, steps)));
  auto batches = data::batches(train, {.size = 100, .shuffle = true, .seed = 1});
  while (optimizer.steps() < steps)
    for (const auto& [images, labels] : batches) {
      const auto [missing, told] = bound(model, images, rng);
      optimizer.step(grad(missing + told, model.parameters()));
      if (optimizer.steps() % 250 != 0) continue;
      const NoGrad untracked;
      const auto [test_missing, test_told] = bound(model, test.inputs, rng);
      std::printf("step %4ld: a test picture costs %.0f nats = %.0f for the picture + %.0f for the code\n",
                  optimizer.steps(), (test_missing + test_told).item(), test_missing.item(), test_told.item());
      if (optimizer.steps() == steps) break;
    }

  const NoGrad untracked;
  const Tensor shown = test.inputs(slice(0, 4));
  std::printf("\npictures of the test set, and what is left of them in 8 numbers:\n");
  print_pictures(shown);
  print_pictures(sigmoid(model.decode(model.encode(shown).first)));
  std::printf("\ndrawn from codes that no picture had:\n");
  print_pictures(sigmoid(model.decode(normal({4, codes}, rng))));

  // On the way from one code to another there are digits, too.
  const Tensor ends = model.encode(shown).first, share = reshape(tensor({0.0, 0.33, 0.67, 1.0}), {4, 1});
  std::printf("\nfrom the first to the third:\n");
  print_pictures(sigmoid(model.decode((1 - share) * ends(0) + share * ends(2))));
}
