#include "data/checkpoint.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "data/batches.hpp"
#include "data/safetensors.hpp"
#include "nn/dropout.hpp"
#include "nn/linear.hpp"
#include "optim/optim.hpp"
#include "tests/data/files.hpp"
#include "tests/data/of_each_kind.hpp"
#include "tests/data/small_disk.hpp"
#include "tests/written.hpp"

namespace checkpoint_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;
using Names = std::vector<std::string>;

namespace {

std::string file(std::int64_t step) {
  const std::string digits = std::to_string(step);
  return "step-" + std::string(12 - digits.size(), '0') + digits + ".safetensors";
}

Names names_in(const Directory& directory) {
  Names names = directory.names();
  std::ranges::sort(names);
  return names;
}

/// A run that counts in `value`, and its checkpoints.
struct Counter {
  double value = 0;
  data::Checkpoint checkpoint;
  explicit Counter(const Directory& directory, data::CheckpointOptions options = {.every_steps = 1})
      : checkpoint(directory.path(), options) {
    checkpoint.add("value", value);
  }
  void steps(int count) {
    for (int i = 0; i < count; ++i) {
      value += 1;
      checkpoint.step();
    }
    checkpoint.wait();
  }
};

void damage(const std::string& path) {
  std::string bytes = read_file(path);
  bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 4);
  write_file(path, bytes);
}

}  // namespace

TEST_CASE("whatever can be added to a checkpoint comes back", "[checkpoint]") {
  const Directory directory;
  const auto run = [&](double scale, bool resumes) {
    testing::OfEachKind kinds(scale);
    if (scale == 1) kinds.go_on();
    data::Checkpoint checkpoint(directory.path());
    kinds.add_to(checkpoint);
    if (resumes)
      CHECK(checkpoint.resume() == directory / file(0));
    else
      checkpoint.save();
    kinds.check();
    return kinds.dropout.state()[0].value.to_vector();
  };
  const auto random = run(1, false);
  seed(0);
  CHECK(run(2, true) == random);
}

TEST_CASE("the newest files and the best stay", "[checkpoint]") {
  for (const bool background : {false, true}) {
    const Directory directory;
    Counter run(directory, {.every_steps = 2, .keep = 2, .background = background});
    run.steps(3);
    CHECK(names_in(directory) == Names{file(2)});
    CHECK(run.checkpoint.save_best(5));
    run.steps(4);
    CHECK_FALSE(run.checkpoint.save_best(5));
    CHECK_FALSE(run.checkpoint.save_best(NAN));
    CHECK(names_in(directory) == Names{"best.safetensors", file(4), file(6)});
    run.checkpoint.save();
    run.checkpoint.save();
    run.checkpoint.wait();
    CHECK(names_in(directory) == Names{"best.safetensors", file(6), file(7)});
    CHECK(run.checkpoint.save_best(4));
    CHECK(run.checkpoint.best() == 4.0);
    run.checkpoint.wait();
    CHECK(data::load_metadata(directory / "best.safetensors").at("step") == "7");
  }
  const Directory directory;
  Counter run(directory, {.higher_is_better = true});
  CHECK((run.checkpoint.save_best(1) && run.checkpoint.save_best(2) && !run.checkpoint.save_best(1.5)));
}

TEST_CASE("files are saved after so many seconds, too", "[checkpoint]") {
  const Directory often, never;
  Counter(often, {.every_seconds = 1e-9, .keep = 100}).steps(5);
  Counter(never, {.every_seconds = 1e9}).steps(5);
  CHECK(often.names().size() == 5);
  CHECK(never.names().empty());
}

TEST_CASE("a run goes on from the newest file that is whole, and the others are told", "[checkpoint]") {
  const Directory directory;
  const auto resumed = [&](std::string& told) {
    Counter run(directory);
    std::optional<std::string> path;
    told = written([&] { path = run.checkpoint.resume(); });
    CHECK(run.value == static_cast<double>(run.checkpoint.steps()));
    return path;
  };
  std::string told;
  CHECK_FALSE(resumed(told));
  Counter(directory).steps(3);
  CHECK(resumed(told) == directory / file(3));
  CHECK(told.empty());
  damage(directory / file(3));
  CHECK(resumed(told) == directory / file(2));
  CHECK_THAT(told, Contains(file(3)) && Contains("does not have the checksum") && Contains("it is skipped\n"));
  write_file(directory / file(2), read_file(directory / file(2)).substr(0, 300));
  CHECK(resumed(told) == directory / file(1));
  CHECK(std::ranges::count(told, '\n') == 2);
  {
    // What is damaged is not counted among those to keep, and is written anew when its turn comes.
    Counter run(directory, {.every_steps = 1, .keep = 1});
    written([&] { run.checkpoint.resume(); });
    run.steps(1);
    CHECK(names_in(directory) == Names{file(2), file(3)});
  }
  CHECK(resumed(told) == directory / file(2));
  damage(directory / file(2));
  {
    Counter run(directory);
    written([&] {
      CHECK_THAT(message_of<FormatError>([&] { run.checkpoint.resume(); }),
                 Contains("none of the 2 checkpoints is whole"));
    });
    CHECK(run.value == 0);
  }
}

TEST_CASE("the best file serves where it is the newest whole one", "[checkpoint]") {
  const Directory directory;
  {
    Counter run(directory);
    run.steps(2);
    run.checkpoint.save_best(1);
    run.value = 7;
    run.checkpoint.save();
  }
  const auto value = [&] {
    Counter run(directory);
    written([&] { run.checkpoint.resume(); });
    CHECK(run.checkpoint.best() == 1.0);
    return run.value;
  };
  CHECK(value() == 7);
  damage(directory / file(2));
  CHECK(value() == 2);
  damage(directory / "best.safetensors");
  Counter run(directory);
  written([&] { run.checkpoint.resume(); });
  CHECK(run.value == 1);
  CHECK_FALSE(run.checkpoint.best().has_value());
}

TEST_CASE("a checkpoint that does not fit changes nothing", "[checkpoint]") {
  const Directory directory;
  Counter(directory).steps(1);
  {
    Counter run(directory);
    std::string more;
    run.checkpoint.add("more", more);
    CHECK_THAT(message_of<FormatError>([&] { run.checkpoint.resume(); }), Contains("more: missing"));
  }
  data::Checkpoint other(directory.path());
  std::int64_t first = 5;
  nn::Linear value(2, 2);
  other.add("value", value);
  CHECK_THAT(message_of<FormatError>([&] { other.resume(); }), Contains("load_state") && Contains("difference"));
  {
    data::Checkpoint none(directory.path());
    CHECK_THAT(message_of<FormatError>([&] { none.resume(); }), Contains("value: nothing was added as value"));
  }
  // of two values the second fails
  const Directory second;
  std::int64_t a = 1;
  double b = 2;
  data::Checkpoint saving(second.path());
  saving.add("a", a);
  saving.add("b", b);
  saving.save();
  seed(9);
  data::Checkpoint loading(second.path());
  loading.add("a", first);
  loading.add("b", value);
  CHECK_THROWS_AS(loading.resume(), FormatError);
  CHECK((first == 5 && default_rng().state() == RandomState{9, 0}));
}

TEST_CASE("a directory with checkpoints of another run is not written to by mistake", "[checkpoint]") {
  const Directory directory;
  Counter(directory).steps(2);
  {
    Counter run(directory);
    CHECK_THAT(message_of<ValueError>([&] { run.steps(1); }),
               Contains("has checkpoints of an earlier run: resume() goes on from them, clear() removes them"));
    CHECK(run.checkpoint.steps() == 0);
    CHECK(names_in(directory) == Names{file(1), file(2)});
    write_file(directory / "step-notes.txt", "");
    run.checkpoint.clear();
    CHECK(names_in(directory) == Names{"step-notes.txt"});
    run.steps(1);
    Counter another(directory);
    another.checkpoint.resume();
    CHECK_THAT(message_of<IoError>([&] { another.steps(1); }), Contains("another process writes its checkpoints"));
  }
  Counter run(directory);
  run.checkpoint.resume();
  run.steps(1);
  CHECK(run.checkpoint.steps() == 2);
}

TEST_CASE("on a full disk older files make room, the newest one never", "[checkpoint]") {
  for (const bool background : {false, true}) {
    const Directory directory;
    Counter run(directory, {.every_steps = 1, .keep = 3, .background = background});
    run.steps(1);
    const std::uintmax_t size = std::filesystem::file_size(directory / file(1));
    SmallDisk disk(directory.path(), 3 * size + size / 2);
    run.steps(2);
    CHECK(names_in(directory) == Names{file(1), file(2), file(3)});
    run.steps(1);
    CHECK(names_in(directory) == Names{file(2), file(3), file(4)});
    SmallDisk::room = 2 * size + size / 2;
    run.steps(1);
    CHECK(names_in(directory) == Names{file(4), file(5)});
    SmallDisk::room = size + size / 2;
    CHECK_THAT(message_of<IoError>([&] { run.steps(1); }), Contains("No space left") && Contains(file(6)));
    CHECK(names_in(directory) == Names{file(5)});
    CHECK_THROWS_AS((run.checkpoint.save_best(1), run.checkpoint.wait()), IoError);
    CHECK_FALSE(run.checkpoint.best().has_value());
    SmallDisk::room = 3 * size + size / 2;
    run.steps(1);
    CHECK(run.checkpoint.save_best(1));
    run.checkpoint.wait();
    CHECK(names_in(directory) == Names{"best.safetensors", file(5), file(7)});
  }
}

TEST_CASE("an older file stays until the newer one is on the disk", "[checkpoint]") {
  const Directory directory;
  Counter run(directory, {.every_steps = 1, .keep = 1});
  run.steps(1);
  const detail::FileCalls before = detail::file_calls;
  detail::file_calls.sync = [](int) { return errno = EIO, -1; };
  CHECK_THROWS_AS(run.steps(1), IoError);
  detail::file_calls = before;
  CHECK(std::filesystem::exists(directory / file(1)));
  run.steps(1);
  CHECK(names_in(directory) == Names{file(3)});
}

TEST_CASE("what is written in the background is what was at the step", "[checkpoint]") {
  const Directory directory;
  Parameter x(ones({1000}));
  data::Checkpoint checkpoint(directory.path(), {.every_steps = 1, .keep = 100, .background = true});
  checkpoint.add("x", x);
  for (int step = 1; step <= 20; ++step) {
    x.assign(x.value() * 2);
    checkpoint.step();
  }
  checkpoint.wait();
  for (int step = 1; step <= 20; ++step)
    for (const auto& [name, value] : data::load(directory / file(step)))
      if (name == "x") CHECK(value.to_vector() == std::vector<double>(1000, std::ldexp(1.0, step)));
}

TEST_CASE("what goes wrong in the background is thrown by the next call, or told at the end", "[checkpoint]") {
  const Directory directory;
  {
    Counter run(directory, {.every_steps = 2, .background = true});
    const SmallDisk disk(directory.path(), 0);
    run.checkpoint.step();
    run.checkpoint.step();
    CHECK_THAT(message_of<IoError>([&] { run.checkpoint.save(); }), Contains("No space left") && Contains(file(2)));
    run.checkpoint.wait();
    run.checkpoint.save();
    CHECK_THAT(message_of<IoError>([&] {
                 for (;;) run.checkpoint.step();
               }),
               Contains("No space left") && Contains("checkpoint_test.cpp:"));
    CHECK(directory.names().empty());
  }
  CHECK_THAT(written([&] {
               const SmallDisk disk(directory.path(), 0);
               Counter run(directory, {.background = true});
               run.checkpoint.save();
             }),
             Contains("xgrad: Checkpoint: ") && Contains("No space left"));
}

TEST_CASE("what a checkpoint cannot be is refused", "[checkpoint]") {
  const Directory directory;
  for (const data::CheckpointOptions& options :
       {data::CheckpointOptions{.every_steps = -1}, {.every_seconds = -1.0}, {.every_seconds = NAN}, {.keep = 0}})
    CHECK_THROWS_AS(data::Checkpoint(directory.path(), options), ValueError);
  write_file(directory / "file", "");
  CHECK_THROWS_AS(data::Checkpoint(directory / "file"), IoError);
  CHECK_THROWS_AS(data::Checkpoint(directory / "file/below"), IoError);
  CHECK_THROWS_AS(data::Checkpoint(""), ValueError);
  Counter run(directory);
  double again = 0;
  for (const char* name : {"value", "", "a.b", "checkpoint", "default_rng", "\xff"})
    CHECK_THROWS_AS(run.checkpoint.add(name, again), ValueError);
}

TEST_CASE("a checkpoint of a newer version is refused, not skipped", "[checkpoint]") {
  const Directory directory;
  Counter(directory).steps(1);
  data::save(directory / file(2), data::load(directory / file(1)), {{"format", "xgrad"}, {"version", "2"}});
  Counter run(directory);
  CHECK_THAT(message_of<FormatError>([&] { run.checkpoint.resume(); }), Contains("version '2'"));
}

TEST_CASE("a model is taken out of a checkpoint", "[checkpoint]") {
  const Directory directory;
  nn::Linear model(2, 3), other(2, 3);
  data::Checkpoint checkpoint(directory.path());
  checkpoint.add("model", model);
  checkpoint.save_best(1);
  data::load(directory / "best.safetensors", other, {.strict = false, .rename = {{"model.", ""}}});
  CHECK(other.weight.value().to_vector() == model.weight.value().to_vector());
}

}  // namespace checkpoint_test
