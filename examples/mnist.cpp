// Trains a network on handwritten digits, and shows what came of it:
//
//     mnist [--epochs N] [--data DIR] [--seed S] [--out DIR] [--fashion]
//
// The network is 784-128-10 with ReLU, the loss the cross-entropy, the optimiser Adam with a learning rate that rises
// and falls in one cycle.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "autograd/autograd.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "report/report.hpp"

using namespace xgrad;

struct Classifier : nn::Module {
  explicit Classifier(Rng& rng) : hidden(784, 128, {}, rng), output(128, 10, {}, rng) {}

  Tensor operator()(const Tensor& images) const { return output(relu(hidden(images))); }
  void visit(nn::Visitor& visitor) override {
    visitor("hidden", hidden);
    visitor("output", output);
  }

  nn::Linear hidden, output;
};

struct Options {
  int epochs = 5;
  std::uint64_t seed = 1;
  std::string data, out;
  bool fashion = false;
};

struct Score {
  double loss, accuracy;
};

/// The logits of all images, without recording anything that derivatives would need.
Tensor classify(const Classifier& model, const data::Dataset& dataset) {
  const NoGrad no_grad;
  std::vector<Tensor> logits;
  for (const auto& [images, labels] : data::batches(dataset, {.size = 1000})) logits.push_back(model(images));
  return concat(logits);
}

Score score(const Tensor& logits, const Tensor& labels) {
  const double loss = nn::cross_entropy(logits, labels).item();
  const double correct = sum(argmax(logits) == labels).item();
  return {loss, correct / static_cast<double>(labels.numel())};
}

/// One pass over the training images; returns the mean loss.
double train_epoch(Classifier& model, optim::Optimizer& optimizer, data::Batches& batches, std::int64_t images_in_all,
                   const std::string& label, report::Series& losses) {
  report::Progress progress(label, images_in_all);
  double sum = 0;
  for (const auto& [images, labels] : batches) {
    const Tensor loss = nn::cross_entropy(model(images), labels);
    optimizer.step(grad(loss, model.parameters()));
    losses.add(static_cast<double>(optimizer.steps()), loss.item());
    sum += loss.item() * static_cast<double>(labels.numel());
    progress.advance(labels.numel(), loss.item());
  }
  return sum / static_cast<double>(images_in_all);
}

std::vector<std::string> class_names(bool fashion) {
  if (fashion) return {"T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"};
  return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
}

/// Draws the images whose classes the network finds least likely.
void draw_worst(const std::string& path, const Tensor& logits, const data::Dataset& test, bool fashion) {
  const auto mistakes = report::worst_mistakes(logits, test.labels, 24);
  if (mistakes.empty()) return;
  const auto names = class_names(fashion);
  std::vector<std::int64_t> indices;
  std::vector<std::string> captions;
  for (const auto& [index, label, predicted, confidence] : mistakes) {
    indices.push_back(index);
    const std::string percent = std::to_string(std::lround(100 * confidence)) + " %";
    captions.push_back(names[static_cast<std::size_t>(label)] + "\ntaken for " +
                       names[static_cast<std::size_t>(predicted)] + ", " + percent);
  }
  if (report::draw_images(path, take(test.inputs, tensor(indices)), captions, "The worst-classified test images"))
    std::printf("worst images:  %s\n", path.c_str());
}

void write_results(const Options& options, const Classifier& model, const data::Dataset& test, const Tensor& logits,
                   const std::vector<report::Series>& curves) {
  const std::string out = options.out + "/";
  report::write_csv(out + "loss.csv", curves);
  std::printf("losses:        %sloss.csv\n", out.c_str());
  if (report::draw_curve(out + "loss", curves,
                         {.title = "Training on " + std::string(options.fashion ? "Fashion-" : "") + "MNIST"}))
    std::printf("loss curve:    %sloss.png and .svg\n", out.c_str());
  draw_worst(out + "worst.png", logits, test, options.fashion);
  data::save(out + "weights.safetensors", model);
  std::printf("weights:       %sweights.safetensors\n", out.c_str());
}

void run(const Options& options) {
  const std::string directory =
      options.fashion ? data::find_fashion_mnist(options.data) : data::find_mnist(options.data, XGRAD_EMBEDDED_MNIST);
  const auto load = options.fashion ? data::fashion_mnist : data::mnist;
  const data::Dataset train = load(directory, data::Split::train, Location::current());
  const data::Dataset test = load(directory, data::Split::test, Location::current());
  std::printf("%lld training and %lld test images from %s\n", static_cast<long long>(train.size()),
              static_cast<long long>(test.size()), directory.c_str());
  if (directory == XGRAD_EMBEDDED_MNIST)
    std::printf("These are only a part of MNIST; give a directory with all of it by --data or XGRAD_DATA.\n");
  // Fails now rather than after the training.
  std::filesystem::create_directories(options.out);

  Rng rng(options.seed);
  Classifier model(rng);
  data::Batches batches = data::batches(train, {.size = 64, .shuffle = true, .seed = options.seed});
  optim::Optimizer optimizer(model.parameters(), optim::adam(optim::one_cycle(4e-3, options.epochs * batches.size())));
  std::vector<report::Series> curves = {{"training loss", {}, {}, report::Series::Style::noisy},
                                        {"test loss", {}, {}, report::Series::Style::points}};
  Tensor logits;
  double seconds = 0;
  for (int epoch = 1; epoch <= options.epochs; ++epoch) {
    const std::string label = "epoch " + std::to_string(epoch) + "/" + std::to_string(options.epochs);
    const auto start = std::chrono::steady_clock::now();
    const double loss = train_epoch(model, optimizer, batches, train.size(), label, curves[0]);
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    seconds += taken;
    logits = classify(model, test);
    const Score result = score(logits, test.labels);
    curves[1].add(static_cast<double>(optimizer.steps()), result.loss);
    std::printf("%s  training loss %.4f  test accuracy %.2f %%  %.1f s  %.0f images/s\n", label.c_str(), loss,
                100 * result.accuracy, taken, static_cast<double>(train.size()) / taken);
    std::fflush(stdout);
  }
  std::printf("%.1f s of training\n", seconds);
  write_results(options, model, test, logits, curves);
}

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a 784-128-10 network on MNIST.");
  app.add_option("--epochs", options.epochs, "passes over the training images")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--data", options.data, "directory with the four IDX files, gzip-compressed or not");
  app.add_option("--seed", options.seed, "of the initial weights and the order of the images")->capture_default_str();
  app.add_option("--out", options.out, "directory for the results (default: out/mnist, out/fashion)");
  app.add_flag("--fashion", options.fashion, "Fashion-MNIST instead of handwritten digits");
  CLI11_PARSE(app, argc, argv);
  if (options.out.empty()) options.out = options.fashion ? "out/fashion" : "out/mnist";
  try {
    run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
