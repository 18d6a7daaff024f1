#include "autograd/core/random.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <set>
#include <thread>

namespace random_test {

using namespace xgrad;

// "Random123: a library of counter-based random number generators", known-answer test of philox4x32 with 10 rounds.
TEST_CASE("philox gives the published numbers") {
  CHECK(philox(0, 0) == std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
}

TEST_CASE("every key and every counter has its own block") {
  std::set<std::array<std::uint32_t, 4>> blocks;
  for (std::uint64_t key : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32, ~std::uint64_t{0}})
    for (std::uint64_t counter : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32, ~std::uint64_t{0}})
      blocks.insert(philox(key, counter));
  CHECK(blocks.size() == 16);
}

TEST_CASE("equal seeds give equal numbers, other seeds others") {
  Rng a(5), b(5), c(6);
  for (int i = 0; i < 10; ++i) {
    const std::uint64_t bits = a.bits();
    CHECK(bits == b.bits());
    CHECK(bits != c.bits());
  }
}

TEST_CASE("a source goes on from where its state was taken") {
  Rng a(9);
  a.bits();
  const RandomState state = a.state();
  const std::uint64_t next = a.bits();
  Rng b(state);
  CHECK(b.bits() == next);
  b.set_state(state);
  CHECK(b.bits() == next);
}

TEST_CASE("reserving sets blocks aside") {
  Rng a(1), b(1);
  const RandomState start = a.reserve(3);
  CHECK(start == RandomState{1, 0});
  CHECK(a.state() == RandomState{1, 3});
  for (int i = 0; i < 3; ++i) b.bits();
  CHECK(a.bits() == b.bits());
}

TEST_CASE("a split source is another stream, the same each time") {
  Rng a(2), b(2);
  Rng from_a = a.split(), from_b = b.split();
  CHECK(from_a.bits() == from_b.bits());
  CHECK(a.split().state().key != from_a.state().key);
}

TEST_CASE("numbers below a bound are in range, and evenly so") {
  Rng rng(3);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60000; ++i) ++counts.at(rng.below(6));
  // A count has deviation sqrt(60000 * 5 / 36) = 91.
  for (const int count : counts) CHECK(std::abs(count - 10000) < 500);
  for (int i = 0; i < 100; ++i) CHECK(rng.below(1) == 0);
  const std::uint64_t large = (std::uint64_t{1} << 63) + 1;
  for (int i = 0; i < 100; ++i) CHECK(rng.below(large) < large);
}

TEST_CASE("each thread has a default source, which seed restarts") {
  seed(4);
  const std::uint64_t first = default_rng().bits();
  seed(4);
  CHECK(default_rng().bits() == first);
  std::uint64_t elsewhere = 0;
  std::thread([&elsewhere] { elsewhere = default_rng().bits(); }).join();
  CHECK(elsewhere == Rng(0).bits());
  seed(0);
}

}  // namespace random_test
