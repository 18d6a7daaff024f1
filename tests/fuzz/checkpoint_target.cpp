// Checkpoints: a run goes on from one as a whole, or stays as it was.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "autograd/autograd.hpp"
#include "data/batches.hpp"
#include "data/checkpoint.hpp"
#include "data/safetensors.hpp"
#include "optim/adam.hpp"
#include "optim/optimizer.hpp"
#include "tests/fuzz/states.hpp"
#include "tests/fuzz/target.hpp"

namespace xgrad::fuzz {

namespace {

/// A directory in memory, the same for all runs.
const std::string& directory() {
  static const std::string path = std::filesystem::path(scratch_path()).replace_filename("checkpoints").string();
  return path;
}

/// What the library tells on stderr meanwhile goes nowhere; what a sanitizer does, which does not ask C, is seen.
class Quiet {
 public:
  Quiet() {
    static std::FILE* const nowhere = std::fopen("/dev/null", "we");
    stderr = nowhere;
  }
  ~Quiet() { stderr = before_; }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  std::FILE* const before_ = stderr;
};

/// All that a checkpoint has, at one moment.
struct Moment {
  std::vector<NamedTensor> tensors;
  RandomState rng, default_rng;
  std::int64_t count, steps;
  std::string note;
  std::optional<double> best;

  bool operator==(const Moment& other) const {
    return same(tensors, other.tensors) && rng == other.rng && default_rng == other.default_rng &&
           count == other.count && steps == other.steps && note == other.note && best == other.best;
  }
};

struct Training {
  Training() {
    seed(0);
    checkpoint.add("optimizer", optimizer);
    checkpoint.add("batches", batches);
    checkpoint.add("weight", weight);
    checkpoint.add("rng", rng);
    checkpoint.add("count", count);
    checkpoint.add("note", note);
    checkpoint.add("list", list);
    then = now();
  }
  Moment now() const {
    std::vector<NamedTensor> all = optimizer.state();
    for (const NamedTensor& each : batches.state()) all.push_back(each);
    all.push_back({"weight", weight});
    all.push_back({"list", tensor(list, float64)});
    return {all, rng.state(), default_rng().state(), count, checkpoint.steps(), note, checkpoint.best()};
  }

  Parameter weight{tensor({1.0, 2.0, 3.0})};
  optim::Optimizer optimizer{std::vector{weight}, optim::adam(1e-3)};
  data::Batches batches = data::batches({zeros({4, 2}), zeros({4}, int64)}, {.size = 2, .shuffle = true, .seed = 1});
  Rng rng{3};
  std::int64_t count = 5;
  std::string note = "note";
  std::vector<double> list{1, 2};
  data::Checkpoint checkpoint{directory()};
  Moment then{};
};

std::filesystem::path file() { return std::filesystem::path(directory()) / "step-000000000001.safetensors"; }

std::string saved_run() {
  Training training;
  training.checkpoint.clear();
  training.optimizer.step({tensor({1.0, -1.0, 0.5})});
  training.checkpoint.step();
  training.checkpoint.save();
  const std::string bytes = contents_of(file());
  training.checkpoint.clear();
  return bytes;
}

/// What goes on is saved, and goes on again.
void go_on(std::unique_ptr<Training> training) {
  refused([&] {
    training->checkpoint.save();
    const Moment now = training->now();
    Training again;
    require(again.checkpoint.resume().has_value());
    require(again.now() == now);
  });
  training.reset();
  for (const auto& each : std::filesystem::directory_iterator(directory())) std::filesystem::remove(each.path());
}

}  // namespace

void run(std::string_view input) {
  // The same for many inputs, until one is resumed: to make one takes ten times as long as to refuse a file.
  static std::unique_ptr<Training> training;
  if (!training) training = std::make_unique<Training>();
  std::ofstream(file(), std::ios::binary).write(input.data(), static_cast<std::streamsize>(input.size()));
  const Quiet quiet;
  bool resumed = false;
  if (refused([&] { resumed = training->checkpoint.resume().has_value(); }))
    require(training->now() == training->then);
  else
    require(resumed);
  if (resumed) go_on(std::move(training));
}

std::vector<std::string> seeds() {
  const std::string ours = saved_run();
  return {ours, of_others(data::load(as_file(ours)))};
}

}  // namespace xgrad::fuzz
