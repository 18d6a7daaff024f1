// Which values are dropped and computed again, on random graphs of tasks.

#include "autograd/engine/plan/rematerialise.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/autograd/engine/plan/random_tasks.hpp"

namespace xgrad::fused::rematerialise_test {
namespace {

using testing::random_tasks;
using testing::tape_order;
using testing::Tasks;

std::size_t joined_turns = 0;

// Runs a schedule as a plan does, with a number in each piece of memory: which value is there.
class Simulation {
 public:
  explicit Simulation(const Tasks& given) : given_(given), place_(given.values.size(), none) {}

  /// Returns the most bytes.
  std::size_t run(const Schedule& schedule) {
    for (std::size_t i = 0; i < schedule.runs.size(); ++i) {
      const TaskRun& task_run = schedule.runs[i];
      const bool joined = i + 1 < schedule.runs.size() && schedule.runs[i + 1].is_epilogue;
      check_reads(task_run);
      allocate(task_run);
      if (joined) allocate(schedule.runs[i + 1]);
      write(task_run);
      if (joined) join(task_run, schedule.runs[++i]);
      most_ = std::max(most_, live());
      for (const std::int32_t node : task_run.releases) place_[node] = none;
      if (joined)
        for (const std::int32_t node : schedule.runs[i].releases) place_[node] = none;
    }
    for (std::size_t i = 0; i < place_.size(); ++i) {
      const bool held = given_.values[i].kept;
      REQUIRE((place_[i] != none) == held);
      if (held) REQUIRE(holds_[place_[i]] == static_cast<std::int32_t>(i));
    }
    return most_;
  }

 private:
  static constexpr std::size_t none = 0xffffffff;

  const Work& work(const TaskRun& task_run) const { return given_.tasks[static_cast<std::size_t>(task_run.task)]; }
  void check_reads(const TaskRun& task_run) const {
    for (const std::int32_t read : work(task_run).reads)
      if (!given_.values[read].leaf) {
        REQUIRE(place_[read] != none);
        REQUIRE(holds_[place_[read]] == read);
      }
  }
  void allocate(const TaskRun& task_run) {
    std::vector<std::int32_t> taken;
    for (const Reuse& reuse : task_run.reuses) {
      if (given_.values[reuse.input].leaf || place_[reuse.output] != none) continue;
      if (std::find(taken.begin(), taken.end(), reuse.input) != taken.end()) continue;
      taken.push_back(reuse.input);
      place_[reuse.output] = place_[reuse.input];
    }
    for (const std::int32_t node : work(task_run).writes)
      if (place_[node] == none) {
        place_[node] = holds_.size();
        holds_.push_back(-1);
      }
  }
  void write(const TaskRun& task_run) {
    for (const std::int32_t node : work(task_run).writes) holds_[place_[node]] = node;
  }
  // After the first part of both the first one still reads for its other parts.
  void join(const TaskRun& task_run, const TaskRun& next) {
    check_reads(next);
    write(next);
    const auto taken = [&](std::int32_t read) {
      return std::any_of(task_run.reuses.begin(), task_run.reuses.end(),
                         [&](const Reuse& reuse) { return reuse.input == read; });
    };
    for (const std::int32_t read : work(task_run).reads)
      if (!given_.values[read].leaf && !taken(read)) REQUIRE(holds_[place_[read]] == read);
    ++joined_turns;
  }
  std::size_t live() const {
    std::vector<std::size_t> places;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < place_.size(); ++i)
      if (place_[i] != none && std::find(places.begin(), places.end(), place_[i]) == places.end()) {
        places.push_back(place_[i]);
        bytes += given_.values[i].bytes;
      }
    return bytes;
  }

  const Tasks& given_;
  std::vector<std::size_t> place_;   // of each value that has memory
  std::vector<std::int32_t> holds_;  // by place
  std::size_t most_ = 0;
};

std::size_t run(const Tasks& given, const Schedule& schedule) { return Simulation(given).run(schedule); }

TEST_CASE("whatever is dropped is there again when it is read, and memory is what the schedule says",
          "[rematerialise]") {
  std::size_t lower = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    INFO("seed " << seed);
    const Tasks given = random_tasks(seed);
    const Schedule plain = lay_out(given.tasks, given.values, tape_order(given), 0);
    REQUIRE(run(given, plain) == plain.peak);
    for (const std::size_t budget : {std::size_t{1}, plain.peak / 2, plain.peak * 3 / 4, plain.peak}) {
      const auto order = order_within(given.tasks, given.values, budget);
      const Schedule schedule = lay_out(given.tasks, given.values, order, budget);
      REQUIRE(run(given, schedule) == schedule.peak);
      REQUIRE(schedule.peak <= plain.peak);
      REQUIRE(order == order_within(given.tasks, given.values, budget));
      if (schedule.peak < plain.peak) ++lower;
    }
  }
  CHECK(lower > 500);
  CHECK(joined_turns > 500);
}

TEST_CASE("what follows a task joins it unless it writes over what that reads, or takes more memory",
          "[rematerialise]") {
  const auto last_is_joined = [](std::size_t bytes, bool over_operand, bool over_result) {
    Tasks given;
    given.values.push_back({100, true});
    const std::int32_t other = given.add({0}, {100}), operand = given.add({0}, {100});
    const std::int32_t product = given.add({operand, other}, {100});
    const std::int32_t result = given.add({operand, product}, {bytes});
    given.tasks[2].epilogue = 3;
    given.values[result].kept = true;
    if (over_operand) given.tasks[3].reuses.push_back({result, operand});
    if (over_result) given.tasks[3].reuses.push_back({result, product});
    const Schedule schedule = lay_out(given.tasks, given.values, tape_order(given), 0);
    CHECK(run(given, schedule) == schedule.peak);
    return schedule.runs[3].is_epilogue;
  };
  CHECK(last_is_joined(100, false, true));
  CHECK_FALSE(last_is_joined(100, true, false));
  CHECK_FALSE(last_is_joined(100, false, false));  // while the other operand is in memory, too
  CHECK(last_is_joined(0, false, false));
}

// x1 = f(x0), x2 = f(x1) ...; then g = g'(x[n-1]), g'(x[n-2]) ...
Tasks chain(int length) {
  Tasks result;
  result.values.push_back({100, true});
  std::vector<std::int32_t> x{0};
  for (int i = 0; i < length; ++i) x.push_back(result.add({x.back()}, {100}));
  std::int32_t g = result.add({x.back()}, {100});
  for (int i = length; i-- > 0;) g = result.add({g, x[static_cast<std::size_t>(i)]}, {100});
  result.values[g].kept = true;
  return result;
}

TEST_CASE("a chain takes memory like its square root, at the cost of running forward once more", "[rematerialise]") {
  for (const int length : {16, 64, 256, 1024}) {
    const Tasks given = chain(length);
    const auto order = order_within(given.tasks, given.values, 1);
    const Schedule schedule = lay_out(given.tasks, given.values, order, 1);
    CHECK(static_cast<double>(schedule.peak) <= 100 * (2.5 * std::sqrt(length) + 3));
    CHECK(order.size() <= given.tasks.size() + static_cast<std::size_t>(length));
  }
}

TEST_CASE("no more is computed again than the budget asks for", "[rematerialise]") {
  const Tasks given = chain(100);
  const std::size_t all = lay_out(given.tasks, given.values, tape_order(given), 0).peak;
  const auto extra = [&](std::size_t budget) {
    return order_within(given.tasks, given.values, budget).size() - given.tasks.size();
  };
  CHECK(extra(all) == 0);
  CHECK(extra(all - 100) <= 3);
  CHECK(extra(all / 2) <= 56);
}

TEST_CASE("what is kept is computed once", "[rematerialise]") {
  std::size_t again = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    INFO("seed " << seed);
    const Tasks given = random_tasks(seed);
    const auto order = order_within(given.tasks, given.values, 1);
    again += order.size() - given.tasks.size();
    for (std::size_t task = 0; task < given.tasks.size(); ++task) {
      const std::vector<std::int32_t>& writes = given.tasks[task].writes;
      const bool kept =
          std::all_of(writes.begin(), writes.end(), [&](std::int32_t node) { return given.values[node].kept; });
      if (kept) CHECK(std::count(order.begin(), order.end(), static_cast<std::int32_t>(task)) == 1);
    }
  }
  CHECK(again > 1000);
}

TEST_CASE("leaves are overwritten only after the last task that runs again, and where there is room",
          "[rematerialise]") {
  Tasks given = chain(30);
  given.values.push_back({100, true});
  const auto leaf = static_cast<std::int32_t>(given.values.size()) - 1;
  const std::int32_t updated = given.add({static_cast<std::int32_t>(given.values.size()) - 2, leaf}, {100});
  given.tasks.back().reuses.push_back({updated, leaf});
  given.values[updated].kept = true;
  const Schedule schedule = lay_out(given.tasks, given.values, order_within(given.tasks, given.values, 1500), 1500);
  std::vector<int> times(given.tasks.size());
  std::size_t last_again = 0;
  for (std::size_t i = 0; i < schedule.runs.size(); ++i)
    if (++times[static_cast<std::size_t>(schedule.runs[i].task)] > 1) last_again = i;
  CHECK(last_again > 0);
  CHECK(schedule.safe_from > last_again);
  REQUIRE(schedule.runs.back().reuses.size() == 1);
  CHECK(schedule.safe_from < schedule.runs.size());
}

}  // namespace
}  // namespace xgrad::fused::rematerialise_test
