// The same training on many processes, each of which has a part of every batch:
//
//     mpirun -n 2 distributed [--epochs N] [--data DIR] [--seed S] [--out DIR] [--resume] [--shard] [--exact]
//
// The network is that of the example `mnist`, 784-128-10 with ReLU. What makes it a training on many processes is in
// three places: Replicas, their batches, and their step. With --shard each process has the optimiser's state of a part
// of the Parameters alone; with --exact any number of processes comes to the same bits. A run that was interrupted goes
// on with --resume, on as many processes or on others. `./run mnist --ranks 2` does all that is needed before.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "autograd/autograd.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "parallel/parallel.hpp"
#include "report/report.hpp"

using namespace xgrad;

struct Options {
  std::uint64_t epochs = 5, seed = 1;
  std::string data, out = "out/distributed";
  bool resume = false, shard = false, exact = false;
};

nn::Sequential make_network(Rng rng) {
  return nn::Sequential{nn::Linear(784, 128, {}, rng), relu, nn::Linear(128, 10, {}, rng)};
}

/// The part of the test images that is this rank's, rightly classified, and the sum over ranks.
double accuracy(const nn::Sequential& model, const data::Dataset& test, const parallel::Communicator& ranks) {
  const std::int64_t begin = test.size() * ranks.rank() / ranks.size(),
                     end = test.size() * (ranks.rank() + 1) / ranks.size();
  const Tensor labels = test.labels(slice(begin, end));
  const Tensor chosen = argmax(data::in_batches(model, test.inputs(slice(begin, end))), 1);
  return parallel::all_reduce(sum(chosen == labels), ranks).item() / static_cast<double>(test.size());
}

/// What is trained, on all ranks.
struct Training {
  parallel::Communicator ranks = parallel::Communicator::world();
  nn::Sequential model;
  optim::Optimizer optimizer;
  parallel::Replicas replicas;
  data::Batches batches;
  double losses = 0;  // the sum over this epoch's images

  Training(const Options& options, const data::Dataset& train, std::int64_t steps)
      : model(make_network(Rng(options.seed))),
        optimizer(model.parameters(), optim::adam(optim::one_cycle(4e-3, steps))),
        replicas(model, optimizer, ranks, {.shard_state = options.shard, .exact = options.exact}),
        batches(replicas.batches(train, {.size = 64, .shuffle = true, .seed = options.seed})) {}

  void epoch(report::Progress& progress, parallel::Checkpoint& checkpoint) {
    const auto loss_of = [&](const Tensor& x, const Tensor& y) { return nn::cross_entropy(model(x), y); };
    for (const auto& [images, labels] : batches) {
      const double loss = replicas.step(loss_of, images, labels);
      losses += loss * static_cast<double>(replicas.samples());
      if (ranks.rank() == 0) progress.advance(replicas.samples(), loss);
      checkpoint.step();
    }
    if (ranks.rank() == 0) progress.clear();
  }
};

void run(const Options& options) {
  const std::string directory = data::find_mnist(options.data, XGRAD_EMBEDDED_MNIST);
  const data::Dataset train = data::mnist(directory, data::Split::train);
  const data::Dataset test = data::mnist(directory, data::Split::test);
  Training training(options, train, static_cast<std::int64_t>(options.epochs) * ((train.size() + 63) / 64));
  const parallel::Communicator& ranks = training.ranks;
  const bool first = ranks.rank() == 0;
  if (first) std::printf("%d ranks, %ld training and %ld test images\n", ranks.size(), train.size(), test.size());

  parallel::Checkpoint checkpoint(options.out + "/checkpoints", ranks, {.every_steps = 500, .background = true});
  checkpoint.add("model", training.model);
  checkpoint.add("optimizer", training.replicas);
  checkpoint.add("batches", training.batches);
  checkpoint.add("losses", training.losses);
  if (!options.resume) checkpoint.clear();
  if (checkpoint.resume() && first) std::printf("going on after step %ld\n", checkpoint.steps());

  double seconds = 0;
  for (auto epoch = training.batches.epoch(); epoch < options.epochs; ++epoch) {
    const std::string label = "epoch " + std::to_string(epoch + 1) + "/" + std::to_string(options.epochs);
    report::Progress progress(label, train.size());
    training.epoch(progress, checkpoint);
    seconds += progress.seconds();
    const double right = accuracy(training.model, test, ranks);
    const double loss = std::exchange(training.losses, 0) / static_cast<double>(train.size());
    if (first)
      std::printf("%s  training loss %.4f  test accuracy %.2f %%  %.1f s\n", label.c_str(), loss, 100 * right,
                  progress.seconds());
    std::fflush(stdout);
  }
  checkpoint.save();
  if (!first) return;
  data::save(options.out + "/weights.safetensors", training.model);
  std::printf("%.1f s of training on %d ranks; weights: %s/weights.safetensors\n", seconds, ranks.size(),
              options.out.c_str());
}

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a network on MNIST, on as many processes as mpirun starts.");
  app.option_defaults()->always_capture_default();
  app.add_option("--epochs", options.epochs, "passes over the training images")->check(CLI::Range(1, 1000));
  app.add_option("--data", options.data, "directory with the four IDX files, gzip-compressed or not");
  app.add_option("--seed", options.seed, "of the initial weights and the order of the images");
  app.add_option("--out", options.out, "directory for the results");
  app.add_flag("--resume", options.resume, "go on from the newest checkpoint of an earlier run, if there is one");
  app.add_flag("--shard", options.shard, "each rank has a part of the optimiser's state");
  app.add_flag("--exact", options.exact, "the same bits on 1, 2, 4 and 8 ranks");
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
