// Trains a network on handwritten digits, and shows what came of it:
//
//     mnist [--network dense|lenet] [--epochs N] [--data DIR] [--seed S] [--out DIR] [--fashion] [--resume]
//
// The network is dense, 784-128-10 with ReLU, or LeNet-5, which convolves; the loss is the cross-entropy, the optimiser
// Adam with a learning rate that rises and falls in one cycle. Checkpoints are written in the background: a run that
// was interrupted, at whatever moment, goes on with --resume to the same bits.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "autograd/autograd.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "report/report.hpp"

using namespace xgrad;

struct Options {
  int epochs = 5;
  std::uint64_t seed = 1;
  std::string network = "dense", data, out;
  bool fashion = false, resume = false;
};

/// Logits [N, 10] of images [N, 784].
nn::Sequential make_network(const std::string& name, Rng& rng) {
  if (name == "dense") return nn::Sequential{nn::Linear(784, 128, {}, rng), relu, nn::Linear(128, 10, {}, rng)};
  // LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998; as is usual now,
  // with ReLU and the maximum of each 2 x 2. ReLU keeps the order, so that it may stand behind the maximum, where a
  // quarter of the elements is left.
  return nn::Sequential{nn::Unflatten(1, {1, 28, 28}),
                        nn::Conv2d(1, 6, 5, {.padding = 2}, rng),
                        nn::MaxPool2d(2),
                        relu,
                        nn::Conv2d(6, 16, 5, {}, rng),
                        nn::MaxPool2d(2),
                        relu,
                        nn::Flatten(),
                        nn::Linear(16 * 5 * 5, 120, {}, rng),
                        relu,
                        nn::Linear(120, 84, {}, rng),
                        relu,
                        nn::Linear(84, 10, {}, rng)};
}

std::pair<data::Dataset, data::Dataset> load_images(const Options& options) {
  const std::string directory =
      options.fashion ? data::find_fashion_mnist(options.data) : data::find_mnist(options.data, XGRAD_EMBEDDED_MNIST);
  const auto load = options.fashion ? data::fashion_mnist : data::mnist;
  const data::Dataset train = load(directory, data::Split::train, Location::current());
  const data::Dataset test = load(directory, data::Split::test, Location::current());
  std::printf("%lld training and %lld test images from %s\n", static_cast<long long>(train.size()),
              static_cast<long long>(test.size()), directory.c_str());
  if (directory == XGRAD_EMBEDDED_MNIST)
    std::printf("These are only a part of MNIST; give a directory with all of it by --data or XGRAD_DATA.\n");
  return {train, test};
}

void write_results(const Options& options, const nn::Sequential& model, const data::Dataset& test,
                   const std::vector<report::Series>& curves) {
  const std::string out = options.out + "/", data = options.fashion ? "Fashion-MNIST" : "MNIST";
  const std::vector<std::string> digits{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
      clothes{"T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"};
  report::write_csv(out + "loss.csv", curves);
  std::printf("losses:        %sloss.csv\n", out.c_str());
  if (report::draw_curve(out + "loss", curves, {.title = "Training on " + data}))
    std::printf("loss curve:    %sloss.png and .svg\n", out.c_str());
  if (report::draw_mistakes(out + "worst.png", test.inputs, test.labels, data::in_batches(model, test.inputs),
                            options.fashion ? clothes : digits, "The worst-classified test images"))
    std::printf("worst images:  %sworst.png\n", out.c_str());
  data::save(out + "weights.safetensors", model);
  std::printf("weights:       %sweights.safetensors\n", out.c_str());
}

void run(const Options& options) {
  const auto [train, test] = load_images(options);
  Rng rng(options.seed);
  nn::Sequential model = make_network(options.network, rng);
  data::Batches batches = data::batches(train, {.size = 64, .shuffle = true, .seed = options.seed});
  optim::Optimizer optimizer(model.parameters(), optim::adam(optim::one_cycle(4e-3, options.epochs * batches.size())));
  std::vector<report::Series> curves = {{"training loss", {}, {}, report::Series::Style::noisy},
                                        {"test loss", {}, {}, report::Series::Style::points}};
  double sum = 0, seconds = 0;  // of the losses of this epoch; of all training

  data::Checkpoint checkpoint(options.out + "/checkpoints", {.every_steps = 500, .background = true});
  checkpoint.add("model", model);
  checkpoint.add("optimizer", optimizer);
  checkpoint.add("batches", batches);
  checkpoint.add("training loss", curves[0]);
  checkpoint.add("test loss", curves[1]);
  checkpoint.add("sum", sum);
  checkpoint.add("seconds", seconds);
  if (!options.resume)
    checkpoint.clear();
  else if (const auto path = checkpoint.resume())
    std::printf("going on after step %lld\n", static_cast<long long>(checkpoint.steps()));

  while (batches.epoch() < static_cast<std::uint64_t>(options.epochs)) {
    const std::string label = "epoch " + std::to_string(batches.epoch() + 1) + "/" + std::to_string(options.epochs);
    report::Progress progress(label, train.size());
    for (const auto& [images, labels] : batches) {
      const Tensor loss = nn::cross_entropy(model(images), labels);
      optimizer.step(grad(loss, model.parameters()));
      curves[0].add(static_cast<double>(optimizer.steps()), loss.item());
      sum += loss.item() * static_cast<double>(labels.numel());
      progress.advance(labels.numel(), loss.item());
      checkpoint.step();
    }
    progress.clear();
    seconds += progress.seconds();
    const Tensor logits = data::in_batches(model, test.inputs);
    curves[1].add(static_cast<double>(optimizer.steps()), nn::cross_entropy(logits, test.labels).item());
    std::printf("%s  training loss %.4f  test accuracy %.2f %%  %.1f s  %.0f images/s\n", label.c_str(),
                sum / static_cast<double>(train.size()), 100 * nn::metrics::accuracy(logits, test.labels),
                progress.seconds(), static_cast<double>(progress.done()) / progress.seconds());
    std::fflush(stdout);
    sum = 0;
  }
  checkpoint.save();
  std::printf("%.1f s of training\n", seconds);
  write_results(options, model, test, curves);
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
  app.add_flag("--resume", options.resume, "go on from the newest checkpoint of an earlier run, if there is one");
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
