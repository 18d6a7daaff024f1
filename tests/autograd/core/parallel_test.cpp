#include "autograd/core/parallel.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

#include "autograd/engine/cpu/threads.hpp"

namespace xgrad::parallel_test {

TEST_CASE("blocks and elements run once each, on any number of threads, also inside others") {
  const int before = num_threads();
  for (const int threads : {1, 2, 4}) {
    set_num_threads(threads);
    for (const std::int64_t count : {0, 1, 2, 1023, 1024, 1025, 5000}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count));
      parallel_elements(count, [&](std::int64_t i) { ++runs[static_cast<std::size_t>(i)]; });
      for (const auto& each : runs) CHECK(each == 1);
    }
    std::atomic<std::int64_t> sum = 0;
    parallel_blocks(
        6, [&](std::int64_t block) { parallel_blocks(5, [&](std::int64_t inner) { sum += 10 * block + inner; }); });
    CHECK(sum == 10 * 15 * 5 + 10 * 6);
  }
  set_num_threads(before);
}

TEST_CASE("an exception of a block reaches the caller") {
  for (const std::int64_t blocks : {1, 7})
    CHECK_THROWS_AS(parallel_blocks(blocks,
                                    [&](std::int64_t block) {
                                      if (block == blocks - 1) throw std::runtime_error("the last one");
                                    }),
                    std::runtime_error);
}

}  // namespace xgrad::parallel_test
