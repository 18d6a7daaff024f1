// Trains a network on handwritten digits, and shows what came of it:
//
//     mnist [--network dense|lenet] [--epochs N] [--data DIR] [--seed S] [--out DIR] [--fashion]
//
// The network is dense, 784-128-10 with ReLU, or LeNet-5, which convolves; the loss is the cross-entropy, the optimiser
// Adam with a learning rate that rises and falls in one cycle.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "autograd/autograd.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "report/report.hpp"

using namespace xgrad;

/// Logits [N, 10] of images [N, 784].
struct Classifier : nn::Module {
  virtual Tensor operator()(const Tensor& images) const = 0;
};

struct Dense : Classifier {
  explicit Dense(Rng& rng) : hidden(784, 128, {}, rng), output(128, 10, {}, rng) {}

  Tensor operator()(const Tensor& images) const override { return output(relu(hidden(images))); }
  void visit(nn::Visitor& visitor) override {
    visitor("hidden", hidden);
    visitor("output", output);
  }

  nn::Linear hidden, output;
};

/// LeNet-5 (LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998), as is
/// usual now with ReLU and the maximum of each 2 x 2.
struct LeNet : Classifier {
  explicit LeNet(Rng& rng)
      : conv1(1, 6, 5, {.padding = 2}, rng),
        conv2(6, 16, 5, {}, rng),
        dense1(16 * 5 * 5, 120, {}, rng),
        dense2(120, 84, {}, rng),
        output(84, 10, {}, rng) {}

  Tensor operator()(const Tensor& images) const override {
    const Tensor planes = nn::unflatten(images, 1, {1, 28, 28});
    // ReLU keeps the order, so that it may stand behind the maximum, where a quarter of the elements is left.
    const Tensor strokes = relu(max_pool2d(conv1(planes), 2));  // [N, 6, 14, 14]
    const Tensor parts = relu(max_pool2d(conv2(strokes), 2));   // [N, 16, 5, 5]
    return output(relu(dense2(relu(dense1(flatten(parts, 1))))));
  }
  void visit(nn::Visitor& visitor) override {
    visitor("conv1", conv1);
    visitor("conv2", conv2);
    visitor("dense1", dense1);
    visitor("dense2", dense2);
    visitor("output", output);
  }

  nn::Conv2d conv1, conv2;
  nn::Linear dense1, dense2, output;
};

std::unique_ptr<Classifier> make_classifier(const std::string& network, Rng& rng) {
  if (network == "lenet") return std::make_unique<LeNet>(rng);
  return std::make_unique<Dense>(rng);
}

struct Options {
  int epochs = 5;
  std::uint64_t seed = 1;
  std::string network = "dense", data, out;
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
  const std::unique_ptr<Classifier> model = make_classifier(options.network, rng);
  data::Batches batches = data::batches(train, {.size = 64, .shuffle = true, .seed = options.seed});
  optim::Optimizer optimizer(model->parameters(), optim::adam(optim::one_cycle(4e-3, options.epochs * batches.size())));
  std::vector<report::Series> curves = {{"training loss", {}, {}, report::Series::Style::noisy},
                                        {"test loss", {}, {}, report::Series::Style::points}};
  Tensor logits;
  double seconds = 0;
  for (int epoch = 1; epoch <= options.epochs; ++epoch) {
    const std::string label = "epoch " + std::to_string(epoch) + "/" + std::to_string(options.epochs);
    const auto start = std::chrono::steady_clock::now();
    const double loss = train_epoch(*model, optimizer, batches, train.size(), label, curves[0]);
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    seconds += taken;
    logits = classify(*model, test);
    const Score result = score(logits, test.labels);
    curves[1].add(static_cast<double>(optimizer.steps()), result.loss);
    std::printf("%s  training loss %.4f  test accuracy %.2f %%  %.1f s  %.0f images/s\n", label.c_str(), loss,
                100 * result.accuracy, taken, static_cast<double>(train.size()) / taken);
    std::fflush(stdout);
  }
  std::printf("%.1f s of training\n", seconds);
  write_results(options, *model, test, logits, curves);
}

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a network on MNIST.");
  app.add_option("--network", options.network, "dense (784-128-10) or lenet (LeNet-5)")
      ->check(CLI::IsMember({"dense", "lenet"}))
      ->capture_default_str();
  app.add_option("--epochs", options.epochs, "passes over the training images")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--data", options.data, "directory with the four IDX files, gzip-compressed or not");
  app.add_option("--seed", options.seed, "of the initial weights and the order of the images")->capture_default_str();
  app.add_option("--out", options.out,
                 "directory for the results (default: out/mnist, out/fashion, with -lenet behind it for lenet)");
  app.add_flag("--fashion", options.fashion, "Fashion-MNIST instead of handwritten digits");
  CLI11_PARSE(app, argc, argv);
  if (options.out.empty())
    options.out =
        std::string(options.fashion ? "out/fashion" : "out/mnist") + (options.network == "lenet" ? "-lenet" : "");
  try {
    run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
