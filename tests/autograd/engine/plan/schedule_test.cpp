// When memory begins and ends, and what lies over what.

#include "autograd/engine/plan/schedule.hpp"

#include <catch2/catch.hpp>
#include <numeric>

#include "tests/autograd/engine/plan/random_tasks.hpp"

namespace xgrad::fused::schedule_test {
namespace {

using testing::Tasks;

Schedule laid_out(const Tasks& given) {
  std::vector<std::int32_t> order(given.tasks.size());
  std::iota(order.begin(), order.end(), 0);
  return lay_out(given.tasks, given.values, order, 0);
}

/// Value 0 is a leaf; 1 = f(0), 2 = g(1), 3 = h(1, 2), each of 8 bytes, and 3 is kept.
Tasks example() {
  Tasks given;
  given.values.push_back({8, true});
  given.add({0}, {8});
  given.add({1}, {8});
  given.add({1, 2}, {8});
  given.values[3].kept = true;
  return given;
}

TEST_CASE("a value is released after its last reader, and what is kept is not", "[schedule][stages]") {
  const Schedule schedule = laid_out(example());
  CHECK(schedule.runs[0].releases.empty());
  CHECK(schedule.runs[1].releases.empty());
  CHECK(schedule.runs[2].releases == std::vector<std::int32_t>{1, 2});
  CHECK(schedule.peak == 24);
  CHECK(schedule.peak_run == 2);
}

TEST_CASE("what nobody reads is released by the task that writes it", "[schedule][stages]") {
  Tasks given = example();
  given.values[3].kept = false;
  CHECK(laid_out(given).runs[2].releases == std::vector<std::int32_t>{1, 2, 3});
}

TEST_CASE("an output takes the memory of an input that nobody reads afterwards", "[schedule][stages]") {
  Tasks given = example();
  given.tasks[1].reuses = {{2, 1}};  // which the last task reads
  given.tasks[2].reuses = {{3, 2}};
  const Schedule schedule = laid_out(given);
  CHECK(schedule.runs[1].reuses.empty());
  REQUIRE(schedule.runs[2].reuses.size() == 1);
  CHECK(schedule.runs[2].reuses[0].input == 2);
  CHECK(schedule.peak == 16);
}

TEST_CASE("a leaf is overwritten only after the last task that may fail", "[schedule][stages]") {
  Tasks given = example();
  given.tasks[0].reuses = {{1, 0}};
  CHECK(laid_out(given).runs[0].reuses.size() == 1);
  CHECK(laid_out(given).safe_from == 0);
  given.tasks[1].may_fail = true;
  CHECK(laid_out(given).runs[0].reuses.empty());
  CHECK(laid_out(given).safe_from == 2);
}

TEST_CASE("an epilogue joins the task right before it", "[schedule][stages]") {
  Tasks given = example();
  given.tasks[1].epilogue = 2;
  CHECK(laid_out(given).runs[2].is_epilogue);
  given.tasks[1].epilogue = -1;
  CHECK_FALSE(laid_out(given).runs[2].is_epilogue);
  given.tasks[0].epilogue = 2;
  CHECK_FALSE(laid_out(given).runs[2].is_epilogue);
}

}  // namespace
}  // namespace xgrad::fused::schedule_test
