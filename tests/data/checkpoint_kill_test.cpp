// Training runs that are killed, as a machine that loses its power would do, and started again.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "autograd/autograd.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "report/curve.hpp"
#include "tests/data/files.hpp"
#include "tests/sanitized.hpp"

extern char** environ;

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr const char* child = "a small training run that other tests kill";

/// Everything that a run is made of: layers with random numbers of their own, moments, a schedule, shuffled data,
/// random numbers of two kinds, curves, the best so far, and counters.
void train(const std::string& directory, bool background) {
  seed(3);
  nn::Sequential model(nn::Linear(4, 16), nn::Dropout(0.2), xgrad::tanh, nn::Linear(16, 2));
  optim::Optimizer optimizer(model.named_parameters(),
                             optim::chain(optim::clip_by_global_norm(1), optim::adamw(optim::cosine_decay(0.05, 24))));
  Rng rng(5), data_rng(7);
  const Tensor inputs = normal({60, 4}, data_rng);
  data::Batches batches = data::batches({inputs, cast(sum(inputs, 1) > 0, int64)}, {.size = 8, .shuffle = true});
  report::Series losses("loss");
  double mean = 0;
  std::string remark;

  data::Checkpoint checkpoint(directory + "/run", {.every_steps = 2, .keep = 2, .background = background});
  checkpoint.add("model", model);
  checkpoint.add("optimizer", optimizer);
  checkpoint.add("batches", batches);
  checkpoint.add("rng", rng);
  checkpoint.add("losses", losses);
  checkpoint.add("mean", mean);
  checkpoint.add("remark", remark);
  checkpoint.resume();
  while (batches.epoch() < 3) {
    for (const auto& [x, y] : batches) {
      const Tensor noisy = x + 0.1 * normal(x.shape(), rng);
      const Tensor loss = nn::cross_entropy(model(noisy), y) * uniform({}, default_rng(), 0.9, 1.1);
      optimizer.step(grad(loss, model.parameters()));
      losses.add(static_cast<double>(optimizer.steps()), loss.item());
      mean = 0.9 * mean + 0.1 * loss.item();
      remark = "after step " + std::to_string(optimizer.steps());
      checkpoint.step();
    }
    checkpoint.save_best(mean);
  }
  checkpoint.wait();
  std::vector<NamedTensor> result = model.state();
  for (NamedTensor& each : optimizer.state()) result.push_back({"optimizer." + each.name, each.value});
  for (NamedTensor& each : losses.state()) result.push_back({"losses." + each.name, each.value});
  data::save(directory + "/result", result, {{"remark", remark}});
}

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

/// Another process that trains.
class Run {
 public:
  Run(const std::string& directory, bool background) {
    ::setenv("XGRAD_TRAIN_IN", directory.c_str(), 1);
    ::setenv("XGRAD_TRAIN_IN_BACKGROUND", background ? "1" : "0", 1);
    std::string program = "/proc/self/exe", name = child;
    char* arguments[] = {program.data(), name.data(), nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    REQUIRE(::posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments, environ) == 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::unsetenv("XGRAD_TRAIN_IN");
  }
  /// Whether it ended well by itself.
  bool wait() const {
    int status = 1;
    ::waitpid(process_, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  void kill() const { ::kill(process_, SIGKILL); }

 private:
  pid_t process_ = 0;
};

int rounds() {
  const char* given = std::getenv("XGRAD_KILLS");
  return given ? std::atoi(given) : sanitized ? 4 : 40;
}

}  // namespace

TEST_CASE("a small training run that other tests kill", "[.training]") {
  if (const char* directory = std::getenv("XGRAD_TRAIN_IN"))
    train(directory, std::string(std::getenv("XGRAD_TRAIN_IN_BACKGROUND")) == "1");
}

TEST_CASE("a run that is killed at any moment and started again ends with the same bytes", "[checkpoint][kill]") {
  const Directory undisturbed;
  const auto start = Clock::now();
  REQUIRE(Run(undisturbed.path(), false).wait());
  const double whole = Seconds(Clock::now() - start).count();
  const std::string expected = read_file(undisturbed / "result"),
                    best = read_file(undisturbed / "run/best.safetensors");
  std::mt19937 random(std::random_device{}());
  std::uniform_real_distribution<double> moment(0, whole);
  int killed = 0;
  for (int round = 0; round < rounds(); ++round) {
    const Directory directory;
    const bool background = round % 2 == 1;
    for (int kills = 0; kills <= round % 2; ++kills) {
      const Run run(directory.path(), background);
      ::usleep(static_cast<useconds_t>(1e6 * moment(random)));
      run.kill();
      killed += !run.wait();
    }
    REQUIRE(Run(directory.path(), background).wait());
    INFO("round " << round);
    CHECK(read_file(directory / "result") == expected);
    CHECK(read_file(directory / "run/best.safetensors") == best);
    std::size_t files = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory / "run")) files += file.exists();
    CHECK(files <= 4);  // those to keep, the best, and one that a kill left before it was removed
  }
  CHECK(killed > 0);
}
