// Trains a network on handwritten digits, and shows what came of it:
//
//     mnist [--network dense|lenet] [--epochs N] [--data DIR] [--seed S] [--out DIR] [--fashion] [--resume]
//
// The network is dense, 784-128-10 with ReLU, or LeNet-5, which convolves; the loss is the cross-entropy, the optimiser
// Adam with a learning rate that rises and falls in one cycle. A run that was interrupted, at whatever moment, goes on
// with --resume to the same bits.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "autograd/autograd.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "report/report.hpp"

using namespace xgrad;

struct Options {
  std::uint64_t epochs = 5, seed = 1;
  std::string network = "dense", data, out;
  bool fashion = false, resume = false;
};

/// Logits [N, 10] of images [N, 784].
nn::Sequential make_network(const std::string& name, Rng& rng) {
  if (name == "dense") return nn::Sequential{nn::Linear(784, 128, {}, rng), relu, nn::Linear(128, 10, {}, rng)};
  // LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998; as is usual now
  // with ReLU, behind the maximum of each 2 x 2, where a quarter of the elements is left.
  const auto strokes = [](const Tensor& x) { return relu(max_pool2d(x, 2)); };
  nn::Sequential lenet;
  lenet.add(nn::Unflatten(1, {1, 28, 28})).add(nn::Conv2d(1, 6, 5, {.padding = 2}, rng)).add(strokes);
  lenet.add(nn::Conv2d(6, 16, 5, {}, rng)).add(strokes).add(nn::Flatten());
  lenet.add(nn::Linear(16 * 5 * 5, 120, {}, rng)).add(relu).add(nn::Linear(120, 84, {}, rng)).add(relu);
  return lenet.add(nn::Linear(84, 10, {}, rng));
}

std::pair<data::Dataset, data::Dataset> load_images(const Options& options) {
  const std::string directory =
      options.fashion ? data::find_fashion_mnist(options.data) : data::find_mnist(options.data, XGRAD_EMBEDDED_MNIST);
  const auto load = options.fashion ? data::fashion_mnist : data::mnist;
  const data::Dataset train = load(directory, data::Split::train, Location::current());
  const data::Dataset test = load(directory, data::Split::test, Location::current());
  std::printf("%ld training and %ld test images from %s\n", train.size(), test.size(), directory.c_str());
  if (directory == XGRAD_EMBEDDED_MNIST)
    std::printf("These are only a part of MNIST; give a directory with all of it by --data or XGRAD_DATA.\n");
  return {train, test};
}

void write_results(const Options& options, const nn::Sequential& model, const data::Dataset& test,
                   const std::vector<report::Series>& curves) {
  const std::string out = options.out + "/", title = options.fashion ? "Fashion-MNIST" : "MNIST";
  const std::vector<std::string> digits{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
      clothes{"T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"};
  report::write_csv(out + "loss.csv", curves);
  std::printf("losses:        %sloss.csv\n", out.c_str());
  if (report::draw_curve(out + "loss", curves, {.title = "Training on " + title}))
    std::printf("loss curve:    %sloss.png and .svg\n", out.c_str());
  if (report::draw_mistakes(out + "worst.png", test.inputs, test.labels, data::in_batches(model, test.inputs),
                            options.fashion ? clothes : digits, "The worst-classified test images"))
    std::printf("worst images:  %sworst.png\n", out.c_str());
  data::save(out + "weights.safetensors", model);
  std::printf("weights:       %sweights.safetensors\n", out.c_str());
}

/// What is trained, and what is known of it so far.
struct Training {
  nn::Sequential model;
  data::Batches batches;
  optim::Optimizer optimizer;
  report::Series losses{"training loss", {}, {}, report::Series::Style::noisy},
      test_losses{"test loss", {}, {}, report::Series::Style::points};
  double sum = 0, seconds = 0;  // of the losses of this epoch; of the training in this process

  Training(const Options& options, const data::Dataset& images, Rng rng)
      : model(make_network(options.network, rng)),
        batches(data::batches(images, {.size = 64, .shuffle = true, .seed = options.seed})),
        optimizer(model.parameters(),
                  optim::adam(optim::one_cycle(4e-3, static_cast<std::int64_t>(options.epochs) * batches.size()))) {}

  /// One pass over the images, or the rest of one.
  void epoch(report::Progress& progress, data::Checkpoint& checkpoint) {
    for (const auto& [images, labels] : batches) {
      const Tensor loss = nn::cross_entropy(model(images), labels);
      optimizer.step(grad(loss, model.parameters()));
      losses.add(static_cast<double>(optimizer.steps()), loss.item());
      sum += loss.item() * static_cast<double>(labels.numel());
      progress.advance(labels.numel(), loss.item());
      checkpoint.step();
    }
    progress.clear();
    seconds += progress.seconds();
  }
};

void run(const Options& options) {
  const auto [train, test] = load_images(options);
  Training training(options, train, Rng(options.seed));
  data::Checkpoint checkpoint(options.out + "/checkpoints", {.every_steps = 500, .background = true});
  checkpoint.add("model", training.model);
  checkpoint.add("optimizer", training.optimizer);
  checkpoint.add("batches", training.batches);
  checkpoint.add("training loss", training.losses);
  checkpoint.add("test loss", training.test_losses);
  checkpoint.add("sum", training.sum);
  if (!options.resume) checkpoint.clear();
  if (checkpoint.resume()) std::printf("going on after step %ld\n", checkpoint.steps());

  for (auto epoch = training.batches.epoch(); epoch < options.epochs; ++epoch) {
    const std::string label = "epoch " + std::to_string(epoch + 1) + "/" + std::to_string(options.epochs);
    report::Progress progress(label, train.size());
    training.epoch(progress, checkpoint);
    const Tensor logits = data::in_batches(training.model, test.inputs);
    training.test_losses.add(static_cast<double>(checkpoint.steps()), nn::cross_entropy(logits, test.labels).item());
    std::printf("%s  training loss %.4f  test accuracy %.2f %%  %.1f s  %.0f images/s\n", label.c_str(),
                std::exchange(training.sum, 0) / static_cast<double>(train.size()),
                100 * nn::metrics::accuracy(logits, test.labels), progress.seconds(),
                static_cast<double>(progress.done()) / progress.seconds());
    std::fflush(stdout);
  }
  checkpoint.save();
  std::printf("%.1f s of training\n", training.seconds);
  write_results(options, training.model, test, {training.losses, training.test_losses});
}

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a network on MNIST.");
  app.option_defaults()->always_capture_default();
  app.add_option("--network", options.network, "dense (784-128-10) or lenet (LeNet-5)")
      ->check(CLI::IsMember({"dense", "lenet"}));
  app.add_option("--epochs", options.epochs, "passes over the training images")->check(CLI::Range(1, 1000));
  app.add_option("--data", options.data, "directory with the four IDX files, gzip-compressed or not");
  app.add_option("--seed", options.seed, "of the initial weights and the order of the images");
  app.add_option("--out", options.out, "directory for the results (default: out/mnist, out/fashion, ...-lenet)");
  app.add_flag("--fashion", options.fashion, "Fashion-MNIST instead of handwritten digits");
  app.add_flag("--resume", options.resume, "go on from the newest checkpoint of an earlier run, if there is one");
  CLI11_PARSE(app, argc, argv);
  const std::string suffix = options.network == "lenet" ? "-lenet" : "";
  if (options.out.empty()) options.out = (options.fashion ? "out/fashion" : "out/mnist") + suffix;
  try {
    run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
