// Ranks that do not do the same: an error on all of them, that says what each one does, and never a hang.

#include <chrono>
#include <thread>

#include "tests/parallel/ranks.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

bool alone() { return world().size() == 1; }  // where nothing can differ
bool is_last() { return world().rank() == world().size() - 1; }

/// All ranks get an error that names what the first and the last one do.
void check_told(const std::string& error, const std::string& first, const std::string& last) {
  INFO(error);
  CHECK(contains(error, "the ranks do not do the same"));
  CHECK(contains(error, "\n  rank 0: " + first));
  CHECK(contains(error, "\n  rank " + std::to_string(world().size() - 1) + ": " + last));
  CHECK(contains(error, "differences_test.cpp:"));
  // They are together again.
  CHECK(parallel::all_reduce(tensor(std::int64_t{1}), world()).item<std::int64_t>() == world().size());
}

}  // namespace

TEST_CASE("ranks that differ in the order get an error on all of them", "[parallel]") {
  if (alone()) return;
  const auto ranks = world();
  const Tensor x = of_rank(0, {3, 4});
  const std::string error = communication_error([&] {
    if (is_last())
      parallel::broadcast(x, ranks);
    else
      parallel::all_reduce(x, ranks);
  });
  check_told(error, "all_reduce (sum) of f64 [3, 4] at ", "broadcast (from rank 0) of f64 [3, 4] at ");
}

TEST_CASE("ranks that differ in shapes get an error on all of them", "[parallel]") {
  if (alone()) return;
  const std::string error = communication_error([&] {
    parallel::all_reduce(of_rank(0, {3, is_last() ? 5 : 4}), world());
  });
  check_told(error, "all_reduce (sum) of f64 [3, 4] at ", "all_reduce (sum) of f64 [3, 5] at ");
}

TEST_CASE("ranks that differ in dtypes get an error on all of them", "[parallel]") {
  if (alone()) return;
  const std::string error =
      communication_error([&] { parallel::all_gather(of_rank(0, {3}, 1, is_last() ? float32 : float64), world()); });
  check_told(error, "all_gather of f64 [3] at ", "all_gather of f32 [3] at ");
}

TEST_CASE("ranks that differ in the root or the distance get an error on all of them", "[parallel]") {
  if (alone()) return;
  check_told(communication_error([&] { parallel::reduce(of_rank(0, {3}), world(), is_last() ? 1 : 0); }),
             "reduce (sum on rank 0) of f64 [3] at ", "reduce (sum on rank 1) of f64 [3] at ");
  check_told(communication_error([&] { parallel::send_receive(of_rank(0, {3}), world(), is_last() ? -1 : 1); }),
             "send_receive (to rank + 1) of f64 [3] at ", "send_receive (to rank + -1) of f64 [3] at ");
}

TEST_CASE("ranks at different lines of the program get an error on all of them", "[parallel]") {
  if (alone()) return;
  const Tensor x = of_rank(0, {2});
  std::uint_least32_t line = 0;
  const std::string error = communication_error([&] {
    line = Location::current().line();
    if (is_last())
      parallel::all_reduce(x, world());
    else
      parallel::all_reduce(x, world());
  });
  check_told(error, "all_reduce (sum) of f64 [2] at differences_test.cpp:" + std::to_string(line + 4),
             "all_reduce (sum) of f64 [2] at differences_test.cpp:" + std::to_string(line + 2));
}

TEST_CASE("ranks of which some want derivatives get an error on all of them", "[parallel]") {
  if (alone()) return;
  const Tensor x = of_rank(0, {2});
  check_told(communication_error([&] { parallel::broadcast(is_last() ? track(x) : x, world()); }),
             "broadcast (from rank 0) of f64 [2] at ", "broadcast, with derivatives, (from rank 0) of f64 [2] at ");
}

TEST_CASE("a rank that walks back in another order gets an error on all of them", "[parallel]") {
  if (alone()) return;
  const auto ranks = world();
  const Tensor x = track(of_rank(ranks.rank(), {4})), y = track(of_rank(ranks.rank(), {4}, 2));
  const Tensor a = parallel::all_reduce(x, ranks);
  const Tensor b = parallel::all_reduce(y, ranks);
  const std::string error = communication_error([&] {
    if (is_last()) {
      grad(sum(a * a), x);
      grad(sum(b * b), y);
    } else {
      grad(sum(a * a) + sum(b * b), std::vector<Tensor>{x, y});  // b's comes first, which was recorded last
    }
  });
  check_told(error, "all_reduce (sum) of f64 [4] at ", "all_reduce (sum) of f64 [4] at ");
}

TEST_CASE("a rank that fails tells the others", "[parallel]") {
  if (alone()) return;
  const auto ranks = world();
  const Tensor x = of_rank(0, {2}), undefined;
  using Call = std::function<void(bool fails)>;
  const std::vector<std::pair<std::string, Call>> calls = {
      {"[2] bool is a mask", [&](bool fails) { parallel::all_reduce(fails ? x > 0 : x, ranks); }},
      {"there is no rank 9 among", [&](bool fails) { parallel::broadcast(x, ranks, fails ? 9 : 0); }},
      {"the mean is of floating numbers",
       [&](bool fails) { parallel::all_reduce(fails ? cast(x, int64) : x, ranks, parallel::Reduce::mean); }},
      {"has no rows", [&](bool fails) { parallel::all_gather(fails ? sum(x) : x, ranks); }},
      {"undefined", [&](bool fails) { parallel::send_receive(fails ? undefined : x, ranks); }},
      {"index", [&](bool fails) { parallel::all_reduce(gather(x, 0, (fails ? 7 : 0) * arange(2)), ranks); }}};
  for (const auto& [text, call] : calls) {
    INFO(text);
    if (is_last()) {
      CHECK_THROWS_WITH(call(true), Catch::Contains(text));
    } else {
      const auto& make = call;
      const std::string error = communication_error([&] { make(false); });
      CHECK(contains(error, "fails: "));
      CHECK(contains(error, text));
    }
    ranks.barrier();
  }
}

TEST_CASE("a rank that does not come is waited for no longer than the timeout", "[.][breaks]") {
  if (alone()) return;
  auto ranks = world().split(0);
  ranks.set_timeout(0.5);
  const auto begin = std::chrono::steady_clock::now();
  const Tensor x = of_rank(0, {2});
  if (is_last()) std::this_thread::sleep_for(std::chrono::seconds(3));
  const std::string error = communication_error([&] { parallel::all_reduce(x, ranks); });
  INFO(error);
  CHECK(contains(error, "all_reduce (sum) of f64 [2] at differences_test.cpp:"));
  if (!is_last()) {
    CHECK((contains(error, "waited 0.5 s for the other ranks") || contains(error, "another rank has waited in vain")));
    CHECK(contains(error, "rank " + std::to_string(ranks.size() - 1) + ": no word"));
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(60));
  // It is of no use any more, and says why.
  const std::string again = communication_error([&] { ranks.barrier(); });
  CHECK(contains(again, "of no use any more"));
  CHECK(contains(again, "all_reduce"));
  world().barrier();  // others are; but the program cannot end well any more (see jobs_test.sh)
}

TEST_CASE("arguments that make no sense are errors", "[parallel]") {
  CHECK_THROWS_AS(parallel::Communicator::world({.timeout = 0}), ValueError);
  CHECK_THROWS_AS(world().split(-1), ValueError);
  CHECK(world().timeout() == 60);  // as it was set once, in main.cpp
  std::string told;
  std::thread([&] {
    try {
      world().barrier();
    } catch (const ThreadError& error) {
      told = error.what();
    }
  }).join();
  CHECK(contains(told, "another thread"));
  if (world().size() > 1)
    CHECK_THROWS_AS(parallel::reduce_scatter(of_rank(0, {world().size() + 1}), world()), ShapeError);
}
