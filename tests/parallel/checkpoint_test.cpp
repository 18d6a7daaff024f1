// What many ranks save in one file, and go on from on as many or on others.

#include <signal.h>
#include <unistd.h>

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "autograd/core/mixing.hpp"
#include "tests/parallel/training.hpp"

using namespace xgrad;
using namespace xgrad::test;
using parallel::Communicator;

namespace {

/// A directory that all ranks know, empty.
std::string directory_of_all(const char* name) {
  const auto ranks = world();
  const Tensor process = parallel::broadcast(tensor(static_cast<std::int64_t>(getpid())), ranks);
  const auto path =
      std::filesystem::temp_directory_path() / ("xgrad-" + std::to_string(process.item<std::int64_t>()) + '-' + name);
  ranks.barrier();
  if (ranks.rank() == 0) std::filesystem::remove_all(path);
  ranks.barrier();
  return path;
}
void remove(const std::string& directory) {
  world().barrier();
  if (world().rank() == 0) std::filesystem::remove_all(directory);
}

struct Run {
  Small model;
  optim::Optimizer optimizer;
  parallel::Replicas replicas;
  data::Batches batches;
  double mean = 0;
  parallel::Checkpoint checkpoint;

  Run(const Communicator& ranks, const std::string& directory, const parallel::ReplicasOptions& options,
      const data::CheckpointOptions& saving = {.every_steps = 2})
      : model(5),
        optimizer(model.named_parameters(), optim::adamw(optim::cosine_decay(0.05, 12))),
        replicas(model, optimizer, ranks, options),
        batches(replicas.batches(small_data(), {.size = 8, .shuffle = true, .seed = 3})),
        checkpoint(directory, ranks, saving) {
    checkpoint.add("model", model);
    checkpoint.add("optimizer", replicas);
    checkpoint.add("batches", batches);
    checkpoint.add("mean", mean);
  }

  /// Up to a step, after which this rank may be killed.
  void train(std::int64_t until) {
    const auto loss = [&](const Tensor& x, const Tensor& y) { return small_loss(model, x, y); };
    while (batches.epoch() < 3 && checkpoint.steps() < until)
      for (const auto& [x, y] : batches) {
        mean = 0.9 * mean + 0.1 * replicas.step(loss, x, y);
        checkpoint.step();
        if (checkpoint.steps() == until) return;
      }
  }
};

constexpr std::int64_t all_steps = 12;
const parallel::ReplicasOptions exact{.shard_state = true, .exact = true, .blocks = 4};

}  // namespace

TEST_CASE("a run goes on from its checkpoint to the same bits, sharded or not", "[parallel][checkpoint]") {
  for (const auto& options : {parallel::ReplicasOptions{}, parallel::ReplicasOptions{.shard_state = true}}) {
    const std::string one = directory_of_all("one"), two = directory_of_all("two");
    Run whole(world(), one, options);
    whole.train(all_steps);
    {
      Run first(world(), two, options);
      CHECK(!first.checkpoint.resume());
      first.train(7);  // the last file is that of step 6
    }
    Run second(world(), two, options);
    const auto path = second.checkpoint.resume();
    REQUIRE(path);
    CHECK(contains(*path, "step-000000000006"));
    CHECK(second.checkpoint.steps() == 6);
    CHECK(second.optimizer.steps() == 6);
    second.train(all_steps);
    CHECK(values_of(second.model) == values_of(whole.model));
    CHECK(second.mean == whole.mean);
    remove(one);
    remove(two);
  }
}

TEST_CASE("a run goes on on another number of ranks", "[parallel][checkpoint]") {
  const auto ranks = world();
  const std::string directory = directory_of_all("others");
  const std::string own = directory + "-" + std::to_string(ranks.rank());
  // What exact sums come to does not depend on the number of ranks: so nothing else may either.
  const bool divides = ranks.size() != 3;
  const auto part = divides ? ranks : ranks.split(ranks.rank() / 2);
  const std::string there = divides ? directory : directory + "-part" + std::to_string(ranks.rank() / 2);
  Run whole(Communicator::self(), own + "-whole", exact);
  whole.train(all_steps);
  {
    Run first(part, there, exact);
    first.train(6);
  }
  ranks.barrier();
  // Each rank goes on alone, from a copy.
  std::filesystem::create_directories(own);
  for (const auto& file : std::filesystem::directory_iterator(there))
    if (file.path().extension() == ".safetensors") std::filesystem::copy(file.path(), own / file.path().filename());
  Run second(Communicator::self(), own, exact);
  REQUIRE(second.checkpoint.resume());
  second.train(all_steps);
  CHECK(values_of(second.model) == values_of(whole.model));
  CHECK(second.mean == whole.mean);
  // And together from what one rank has saved.
  Run third(part, (ranks.rank() == 0 || (!divides && part.rank() == 0)) ? own : "/nowhere", exact);
  if (divides) {
    REQUIRE(third.checkpoint.resume());
    CHECK(third.checkpoint.steps() == all_steps);
    CHECK(values_of(third.model) == values_of(whole.model));
  }
  ranks.barrier();
  std::filesystem::remove_all(own);
  std::filesystem::remove_all(own + "-whole");
  if (part.rank() == 0) std::filesystem::remove_all(there);
}

TEST_CASE("only rank 0 writes, and the others need no disk", "[parallel][checkpoint]") {
  const auto ranks = world();
  const std::string directory = directory_of_all("disk");
  std::vector<std::vector<double>> values;
  {
    Run run(ranks, ranks.rank() == 0 ? directory : "/proc/nowhere", {.shard_state = true});
    run.train(4);
    CHECK(run.checkpoint.save_best(1.0));
    CHECK(!run.checkpoint.save_best(2.0));
    values = values_of(run.model);
  }
  Run again(ranks, ranks.rank() == 0 ? directory : "/proc/nowhere", {.shard_state = true});
  CHECK(again.checkpoint.resume().has_value());
  CHECK(values_of(again.model) == values);
  again.checkpoint.clear();
  CHECK(!again.checkpoint.resume());
  remove(directory);
}

TEST_CASE("each rank goes on with its own random numbers", "[parallel][checkpoint]") {
  const auto ranks = world();
  const std::string directory = directory_of_all("streams");
  seed(static_cast<std::uint64_t>(40 + ranks.rank()));
  default_rng().bits();
  Run run(ranks, directory, {});
  run.checkpoint.save();
  const std::uint64_t next = default_rng().bits();
  seed(1);
  Run again(ranks, directory, {});
  again.checkpoint.resume();
  CHECK(default_rng().bits() == next);
  remove(directory);
}

TEST_CASE("what goes wrong with a checkpoint on one rank is an error on all", "[parallel][checkpoint]") {
  const auto ranks = world();
  const std::string directory = directory_of_all("errors");
  const auto told = [&](const std::function<void()>& mistake, const std::string& text) {
    try {
      mistake();
      FAIL_CHECK("nothing was thrown");
    } catch (const Error& error) {
      INFO(error.what());
      CHECK(contains(error.what(), text));
      CHECK((ranks.rank() == 0 || dynamic_cast<const parallel::CommunicationError*>(&error) != nullptr));
    }
    ranks.barrier();
  };
  told([&] { parallel::Checkpoint("/proc/nowhere", ranks.rank() == 0 ? ranks : ranks); }, "/proc/nowhere");
  {
    Run run(ranks, directory, {});
    run.checkpoint.save();
  }
  // A file that does not fit leaves everything as it was.
  nn::Linear other(2, 2);
  parallel::Checkpoint checkpoint(directory, ranks);
  checkpoint.add("model", other);
  const auto before = values_of(other);
  told([&] { checkpoint.resume(); }, "nothing was added as");
  CHECK(values_of(other) == before);
  told([&] { checkpoint.add("model", other); }, "is taken");
  remove(directory);
}

// What jobs_test.sh runs: with XGRAD_JOB the directory, and XGRAD_JOB_KILL the step after which the last rank is
// killed.
TEST_CASE("a run that is saved and perhaps killed", "[.]") {
  const char *directory = std::getenv("XGRAD_JOB"), *kill = std::getenv("XGRAD_JOB_KILL");
  REQUIRE(directory);
  Run run(world(), directory, exact, {.every_steps = 2, .background = true});
  const auto from = run.checkpoint.resume();
  const std::int64_t killed_at = kill ? std::atol(kill) : 0;
  run.train(killed_at > 0 ? killed_at : all_steps);
  if (killed_at > 0) {
    if (world().rank() == world().size() - 1) raise(SIGKILL);
    run.train(all_steps);
  }
  run.checkpoint.wait();
  std::uint64_t mixture = 1;
  for (const auto& values : values_of(run.model))
    for (const double value : values) mixture = mixed(mixture, std::bit_cast<std::uint64_t>(value));
  if (world().rank() == 0)
    std::printf("RESULT %016lx after %s\n", mixture, from ? from->substr(from->rfind('/') + 1).c_str() : "nothing");
}
