#include "autograd/engine/cpu/threads.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

#include "autograd/core/error.hpp"
#include "tests/autograd/engine/scopes.hpp"
#include "tests/skip.hpp"

namespace threads_test {

using namespace xgrad;
using fused::parallel;
using fused::testing::Threads;

namespace {

/// How often parallel() called each block.
std::vector<int> calls(std::int64_t blocks) {
  std::vector<std::atomic<int>> counts(static_cast<std::size_t>(blocks));
  parallel(blocks, [&](std::int64_t block) { ++counts[static_cast<std::size_t>(block)]; });
  return {counts.begin(), counts.end()};
}

}  // namespace

TEST_CASE("every block is done exactly once", "[threads]") {
  const int threads = GENERATE(1, 2, 3, 4, 8);
  const Threads scope(threads);
  CHECK(num_threads() == threads);
  for (const std::int64_t blocks : {0, 1, 2, 3, 7, 64, 1000}) {
    INFO(blocks << " blocks on " << threads << " threads");
    CHECK(calls(blocks) == std::vector<int>(static_cast<std::size_t>(blocks), 1));
  }
}

TEST_CASE("many small jobs in a row lose nothing", "[threads]") {
  const Threads scope(4);
  std::vector<std::int64_t> squares(5);
  std::int64_t total = 0;
  for (std::int64_t job = 0; job < 20000; ++job) {
    parallel(5, [&](std::int64_t block) { squares[static_cast<std::size_t>(block)] = job * block; });
    total += std::accumulate(squares.begin(), squares.end(), std::int64_t{0});
  }
  CHECK(total == 10 * (std::int64_t{20000} * 19999 / 2));
}

TEST_CASE("workers take part", "[threads]") {
  const Threads scope(2);
  // Each of two blocks waits for the other to begin: one thread alone could not do that.
  std::atomic<int> begun{0};
  parallel(2, [&](std::int64_t) {
    ++begun;
    while (begun < 2) std::this_thread::yield();
  });
  CHECK(begun == 2);
}

#if defined(__linux__)
TEST_CASE("a worker on the processor of the caller goes to another one, and may use all of them", "[threads]") {
  const auto processors = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof(set), &set);
    return set;
  };
  const auto use = [](const cpu_set_t& set) { REQUIRE(sched_setaffinity(0, sizeof(set), &set) == 0); };
  const cpu_set_t all = processors();
  if (CPU_COUNT(&all) < 2) return skip("there is one processor");
  const Threads scope(2);
  const std::thread::id caller = std::this_thread::get_id();
  const auto on_worker = [&](const auto& body) {
    std::atomic<int> begun{0};
    parallel(2, [&](std::int64_t) {
      ++begun;
      while (begun < 2) std::this_thread::yield();
      if (std::this_thread::get_id() != caller) body();
    });
  };
  on_worker([] {});  // which is there from now on
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(sched_getcpu(), &here);
  use(here);
  // The system may move the worker back at any moment, so that one try says nothing.
  constexpr int tries = 100;
  int away = 0;
  for (int i = 0; i < tries; ++i) {
    on_worker([&] { sched_setaffinity(0, sizeof(here), &here), sched_setaffinity(0, sizeof(all), &all); });
    int other = -1;
    cpu_set_t its;
    on_worker([&] { other = sched_getcpu(), its = processors(); });
    if (!CPU_ISSET(other, &here)) ++away;
    CHECK(CPU_EQUAL(&its, &all));
  }
  CHECK(away > tries / 2);
  use(all);
}
#endif

TEST_CASE("a busy worker does not keep the caller from the blocks that nobody began", "[threads]") {
  const Threads scope(2);
  std::atomic<bool> others_done{false};
  std::atomic<int> done{0};
  // The first block to begin lasts until all others are done, whoever has it.
  std::atomic<bool> taken{false};
  parallel(100, [&](std::int64_t) {
    if (!taken.exchange(true))
      while (!others_done) std::this_thread::yield();
    else if (++done == 99)
      others_done = true;
  });
  CHECK(done == 99);
}

TEST_CASE("a call inside a body runs on its own thread", "[threads]") {
  const Threads scope(3);
  std::array<std::atomic<int>, 8> counts{};
  std::atomic<bool> elsewhere{false};
  parallel(8, [&](std::int64_t outer) {
    const auto self = std::this_thread::get_id();
    parallel(5, [&](std::int64_t) {
      if (std::this_thread::get_id() != self) elsewhere = true;
      ++counts[static_cast<std::size_t>(outer)];
    });
  });
  CHECK_FALSE(elsewhere);
  for (const auto& count : counts) CHECK(count == 5);
}

TEST_CASE("an exception in a body reaches the caller, and the workers live on", "[threads]") {
  const int threads = GENERATE(1, 2, 4);
  const Threads scope(threads);
  for (int repetition = 0; repetition < 50; ++repetition) {
    CHECK_THROWS_WITH(parallel(64,
                               [](std::int64_t block) {
                                 if (block % 16 == 7) throw std::runtime_error("block");
                               }),
                      "block");
    CHECK(calls(9) == std::vector<int>(9, 1));
  }
}

TEST_CASE("several threads may call at once", "[threads]") {
  const Threads scope(3);
  std::atomic<int> wrong{0};
  std::vector<std::jthread> users;
  for (int user = 0; user < 3; ++user)
    users.emplace_back([&] {
      for (int repetition = 0; repetition < 500; ++repetition)
        if (calls(17) != std::vector<int>(17, 1)) ++wrong;
    });
  users.clear();
  CHECK(wrong == 0);
}

TEST_CASE("the number of threads may change while others compute", "[threads]") {
  const Threads scope(2);
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::jthread user([&] {
    while (!stop)
      if (calls(8) != std::vector<int>(8, 1)) ++wrong;
  });
  for (int i = 0; i < 30; ++i) set_num_threads(1 + i % 4);
  stop = true;
  user.join();
  CHECK(wrong == 0);
}

TEST_CASE("a number of threads that makes no sense is refused", "[threads]") {
  CHECK_THROWS_AS(set_num_threads(0), ValueError);
  CHECK_THROWS_AS(set_num_threads(-1), ValueError);
  CHECK_THROWS_AS(set_num_threads(1025), ValueError);
  const Threads scope(2);
  CHECK_THROWS_AS(parallel(2, [](std::int64_t) { set_num_threads(3); }), ThreadError);
  CHECK(num_threads() == 2);
}

TEST_CASE("workers sleep when there is nothing to do", "[threads]") {
  const Threads scope(4);
  CHECK(calls(64).size() == 64);
  // The threads that BLAS starts when it is loaded spin for a moment; ours would spin in every window.
  double least = 1;
  for (int window = 0; window < 5; ++window) {
    const std::clock_t before = std::clock();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    least = std::min(least, static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC);
  }
  CHECK(least < 0.02);
}

}  // namespace threads_test
