// Schedules that break a rule are told from those that do not; and what is not told runs to the right values.

#include "autograd/engine/plan/verify_schedule.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "autograd/engine/plan/rematerialise.hpp"
#include "tests/autograd/engine/plan/schedule_run.hpp"

namespace xgrad::fused::verify_schedule_test {
namespace {

using testing::random_tasks;
using testing::ScheduleRun;
using testing::tape_order;
using testing::Tasks;

std::string verdict(const Tasks& given, const Schedule& schedule, std::size_t budget = 0) {
  try {
    verify_schedule(given.tasks, given.values, schedule, budget);
  } catch (const Unverified& violation) {
    return violation.what();
  }
  return "";
}

/// Values 0 and 1 are leaves; 2 = f(0), 3 = g(1), a product 4 of 2 and 3, which 5 follows, over it; 6 lies over leaf 1.
struct Example {
  Tasks given;
  Schedule schedule;

  explicit Example(std::size_t budget = 0) {
    given.values = {{80, true}, {80, true}};
    given.add({0}, {80});
    given.add({1}, {80});
    given.add({2, 3}, {80});
    given.add({4}, {80});
    given.add({1, 5}, {80});
    given.tasks[0].may_fail = true;
    given.tasks[2].epilogue = 3;
    given.tasks[3].reuses = {{5, 4}};
    given.tasks[4].reuses = {{6, 1}, {6, 5}};
    given.values[6].kept = true;
    schedule = lay_out(given.tasks, given.values, tape_order(given), budget);
  }
};

void broken(const std::string& rule, const std::function<void(Tasks&, Schedule&)>& change, std::size_t budget = 0) {
  Example example(budget);
  REQUIRE(verdict(example.given, example.schedule, budget) == "");
  change(example.given, example.schedule);
  INFO(rule);
  CHECK_THAT(verdict(example.given, example.schedule, budget), Catch::Contains(rule));
}

TEST_CASE("the example uses what there is to break", "[verify]") {
  const Example example;
  const auto& runs = example.schedule.runs;
  REQUIRE(runs.size() == 5);
  CHECK(runs[3].is_epilogue);
  CHECK(runs[3].reuses.size() == 1);
  CHECK(runs[4].reuses.size() == 2);
  CHECK(example.schedule.safe_from == 1);
  CHECK(example.schedule.peak == 240);
}

TEST_CASE("tasks and orders that do not fit are found", "[verify]") {
  broken("two tasks write it", [](Tasks& t, Schedule&) { t.tasks[1].writes = {2}; });
  broken("a leaf is written", [](Tasks& t, Schedule&) { t.tasks[1].writes = {0}; });
  broken("reads what it writes", [](Tasks& t, Schedule&) { t.tasks[1].reads = {3}; });
  broken("no such value", [](Tasks& t, Schedule&) { t.tasks[1].reads = {70}; });
  broken("no such task", [](Tasks&, Schedule& s) { s.runs[2].task = 9; });
  broken("reads what is not in memory", [](Tasks&, Schedule& s) { std::swap(s.runs[1], s.runs[2]); });
  broken("reads what is not in memory", [](Tasks&, Schedule& s) { s.runs.erase(s.runs.begin()); });
  broken("reads what is not in memory", [](Tasks&, Schedule& s) { s.runs[1].releases = {2}; });
  broken("reads what is not in memory", [](Tasks&, Schedule& s) { s.runs[2].releases = {2, 3, 4}; });
}

TEST_CASE("what is released too often or never is found", "[verify]") {
  broken("releases a leaf", [](Tasks&, Schedule& s) { s.runs[1].releases = {1}; });
  broken("something twice", [](Tasks&, Schedule& s) { s.runs[2].releases = {2, 3, 3}; });
  broken("releases what is not in memory", [](Tasks&, Schedule& s) { s.runs[0].releases = {3}; });
  broken("not left in the end", [](Tasks&, Schedule& s) { s.runs[4].releases = {5, 6}; });
  broken("or the other way", [](Tasks&, Schedule& s) { s.runs[2].releases = {2}; });
}

TEST_CASE("memory that is taken from what still needs it is found", "[verify]") {
  broken("does not allow", [](Tasks&, Schedule& s) { s.runs[2].reuses = {{4, 2}}; });
  broken("does not allow", [](Tasks&, Schedule& s) { s.runs[3].reuses.push_back({5, 4}); });
  broken("no output, or from no input", [](Tasks& t, Schedule& s) { t.tasks[2].reuses = s.runs[2].reuses = {{4, 1}}; });
  broken("no output, or from no input", [](Tasks& t, Schedule& s) { t.tasks[2].reuses = s.runs[2].reuses = {{3, 2}}; });
  broken("of another size", [](Tasks& t, Schedule&) { t.values[5].bytes = 40; });
  broken("of what is not released", [](Tasks& t, Schedule& s) {
    t.tasks[2].reuses = s.runs[2].reuses = {{4, 2}};
    s.runs[2].releases = {3};
  });
  broken("overwritten too early", [](Tasks& t, Schedule& s) { t.tasks[0].reuses = s.runs[0].reuses = {{2, 0}}; });
  broken("that is read later", [](Tasks& t, Schedule& s) { t.tasks[1].reuses = s.runs[1].reuses = {{3, 1}}; });
  broken("that is read later", [](Tasks& t, Schedule&) { t.values[1].kept = true; });
}

TEST_CASE("runs that must not join are found", "[verify]") {
  broken("no epilogue of the one before", [](Tasks&, Schedule& s) { s.runs[0].is_epilogue = true; });
  broken("no epilogue of the one before", [](Tasks&, Schedule& s) { s.runs[2].is_epilogue = true; });
  broken("no epilogue of the one before", [](Tasks& t, Schedule&) { t.tasks[2].epilogue = 4; });
  broken("no epilogue of the one before", [](Tasks& t, Schedule& s) {
    t.tasks[3].epilogue = 4;
    s.runs[4].is_epilogue = true;
  });
  broken("writes over what the one before reads", [](Tasks& t, Schedule& s) {
    t.tasks[3].reads = {2, 4};
    t.tasks[3].reuses = s.runs[3].reuses = {{5, 2}};
    s.runs[2].releases = {3};
    s.runs[3].releases = {2, 4};
  });
  broken("takes more memory than the peak", [](Tasks&, Schedule& s) { s.runs[3].reuses.clear(); });
}

TEST_CASE("leaves that are overwritten before what may fail are found", "[verify]") {
  broken("may fail, or runs again", [](Tasks&, Schedule& s) { s.safe_from = 0; });
  broken("may fail, or runs again", [](Tasks& t, Schedule&) { t.tasks[3].may_fail = true; });
  broken("may fail, or runs again", [](Tasks&, Schedule& s) { s.runs.push_back({0, {2}}); });
  broken("after the last task run", [](Tasks&, Schedule& s) { s.safe_from = 6; });
  broken("overwritten too early", [](Tasks&, Schedule& s) { s.safe_from = 5; });
  const auto takes_no_other = [](Tasks& t, Schedule& s) { t.tasks[4].reuses = s.runs[4].reuses = {{6, 1}}; };
  broken("no room for all runs", takes_no_other, 200);
}

TEST_CASE("a peak that is not the most memory is found", "[verify]") {
  broken("the peak is another", [](Tasks&, Schedule& s) { s.peak += 8; });
  broken("the peak is another", [](Tasks&, Schedule& s) { s.peak -= 8, s.runs[3].is_epilogue = false; });
  broken("the peak is another", [](Tasks&, Schedule& s) { s.peak_run = 0; });
  broken("the peak is another", [](Tasks&, Schedule& s) { s.peak_run = 9; });
}

/// Changes one thing.
class Mutation {
 public:
  Mutation(const Tasks& given, Schedule& schedule, std::mt19937_64& random)
      : given_(given), schedule_(schedule), random_(random) {}

  void apply() {
    auto& runs = schedule_.runs;
    TaskRun &task_run = runs[pick(runs.size())], &other = runs[pick(runs.size())];
    switch (pick(14)) {
      case 0:
        return std::swap(task_run, other);
      case 1:
        return std::swap(task_run,
                         runs[std::min(static_cast<std::size_t>(&task_run - runs.data()) + 1, runs.size() - 1)]);
      case 2:
        return void(runs.erase(runs.begin() + (&task_run - runs.data())));
      case 3:
        return void(runs.insert(runs.begin() + (&task_run - runs.data()), TaskRun(other)));
      case 4:
        return drop(task_run.releases);
      case 5:
        return task_run.releases.push_back(value());
      case 6:
        drop(task_run.releases);
        return other.releases.push_back(value());
      case 7:
        return drop(task_run.reuses);
      case 8:
        return add_allowed(task_run);
      case 9:
        return task_run.reuses.push_back({value(), value()});
      case 10:
        task_run.is_epilogue = !task_run.is_epilogue;
        return;
      case 11:
        schedule_.safe_from = pick(runs.size() + 2);
        return;
      case 12:
        schedule_.peak = schedule_.peak + 80 * pick(3) - 80;
        return;
      default:
        task_run.task = static_cast<std::int32_t>(pick(given_.tasks.size()));
    }
  }

 private:
  std::size_t pick(std::size_t n) { return random_() % n; }
  std::int32_t value() { return static_cast<std::int32_t>(pick(given_.values.size())); }
  template <class T>
  void drop(std::vector<T>& list) {
    if (!list.empty()) list.erase(list.begin() + static_cast<std::ptrdiff_t>(pick(list.size())));
  }
  /// What the task would allow, but for what happens to the input later.
  void add_allowed(TaskRun& task_run) {
    const auto& reuses = given_.tasks[static_cast<std::size_t>(task_run.task)].reuses;
    if (reuses.empty()) return;
    const Reuse added = reuses[pick(reuses.size())];
    task_run.reuses.push_back(added);
    if (pick(2)) task_run.releases.push_back(added.input);
  }

  const Tasks& given_;
  Schedule& schedule_;
  std::mt19937_64& random_;
};

struct Counts {
  int tried = 0, rejected = 0;
};

/// Mutants of the schedules for random tasks, with and without a budget.
void check_mutants(std::uint64_t seed, int mutants, Counts& counts) {
  const Tasks given = random_tasks(seed, true);
  std::mt19937_64 random(seed);
  std::size_t budget = 0;
  auto order = tape_order(given);
  Schedule plain = lay_out(given.tasks, given.values, order, budget);
  if (seed % 2 == 1) {
    budget = plain.peak * 2 / 3 + 1;
    order = order_within(given.tasks, given.values, budget);
    plain = lay_out(given.tasks, given.values, order, budget);
  }
  INFO("seed " << seed);
  REQUIRE(verdict(given, plain, budget) == "");
  for (std::uint64_t run = 0; run < 4; ++run) REQUIRE(ScheduleRun(given, plain, budget, run).run() == "");
  for (int mutant = 0; mutant < mutants; ++mutant) {
    Schedule changed = plain;
    for (auto times = 1 + random() % 3; times > 0 && !changed.runs.empty(); --times)
      Mutation(given, changed, random).apply();
    ++counts.tried;
    if (verdict(given, changed, budget) != "") {
      ++counts.rejected;
      continue;
    }
    INFO("mutant " << mutant);
    for (std::uint64_t run = 0; run < 4; ++run) REQUIRE(ScheduleRun(given, changed, budget, run).run() == "");
  }
}

TEST_CASE("a changed schedule is rejected, or gives the same values in whatever memory", "[verify]") {
  Counts counts;
  for (std::uint64_t seed = 0; seed < 300; ++seed) check_mutants(seed, 100, counts);
  CHECK(counts.rejected > counts.tried / 2);
  CHECK(counts.rejected < counts.tried);
}

TEST_CASE("a million changed schedules are rejected, or give the same values", "[.][verify-many]") {
  Counts counts;
  for (std::uint64_t seed = 1000; seed < 6000; ++seed) check_mutants(seed, 200, counts);
  WARN(counts.tried << " tried, " << counts.rejected << " rejected");
}

}  // namespace
}  // namespace xgrad::fused::verify_schedule_test
