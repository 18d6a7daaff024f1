// Random networks: the two engines agree, and nothing about how a program is evaluated changes a bit of it.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/autograd/engine/networks/check.hpp"
#include "tests/autograd/engine/networks/layers.hpp"
#include "tests/autograd/engine/networks/network.hpp"
#include "tests/autograd/engine/networks/run.hpp"
#include "tests/sanitized.hpp"

using namespace xgrad;
using namespace xgrad::networks;

namespace {

constexpr std::uint64_t usual_count = sanitized ? 200 : 2000;
constexpr int modes = 5;
constexpr std::uint64_t parts = 8;  // which run side by side
constexpr std::size_t most_reports = 2;

// XGRAD_RANDOM_NETWORKS=10000 for a long run; XGRAD_RANDOM_NETWORKS=4000:1000 for those from 4000 on.
std::vector<Seeds> seeds() {
  const char* text = std::getenv("XGRAD_RANDOM_NETWORKS");
  if (text && *text) return {parse_seeds(text)};
  return {Seeds{0, usual_count}, Seeds{first_moving, usual_count / 4}};
}

void check_part(std::uint64_t part) {
  Tally tally;
  std::size_t failing = 0;
  std::string list;
  std::uint64_t looked_at = 0;
  for (const Seeds& all : seeds())
    for (std::uint64_t seed = all.first + part; seed < all.first + all.count; seed += parts, ++looked_at) {
      const auto failures = check_network(seed, modes, tally);
      if (failures.empty()) continue;
      list += ' ' + std::to_string(seed);
      if (++failing <= most_reports) UNSCOPED_INFO(report(failures.front()));
    }
  INFO("failing seeds:" << list);
  CHECK(failing == 0);
  if (looked_at > 0) CHECK(!tally.checked.empty());
}

}  // namespace

TEST_CASE("random networks compute the same however they are evaluated, part 1", "[networks]") { check_part(0); }
TEST_CASE("random networks compute the same however they are evaluated, part 2", "[networks]") { check_part(1); }
TEST_CASE("random networks compute the same however they are evaluated, part 3", "[networks]") { check_part(2); }
TEST_CASE("random networks compute the same however they are evaluated, part 4", "[networks]") { check_part(3); }
TEST_CASE("random networks compute the same however they are evaluated, part 5", "[networks]") { check_part(4); }
TEST_CASE("random networks compute the same however they are evaluated, part 6", "[networks]") { check_part(5); }
TEST_CASE("random networks compute the same however they are evaluated, part 7", "[networks]") { check_part(6); }
TEST_CASE("random networks compute the same however they are evaluated, part 8", "[networks]") { check_part(7); }

TEST_CASE("random networks are made of everything they can be made of", "[networks]") {
  Features counts;
  for (std::uint64_t number = 0; number < 2500; ++number) {
    const std::uint64_t seed = number < 2000 ? number : first_moving + number - 2000;
    Network network({.seed = seed, .dtype = float64, .most_steps = 1});
    const Tensor loss = network.loss(0);
    network.gradients(loss);
    network.extras(loss);
    network.update();
    for (const auto& [name, count] : network.build().features()) counts[name] += count;
  }
  for (const std::string& name : all_features()) {
    INFO(name << " was used " << counts[name] << " times");
    CHECK(counts[name] >= 8);
  }
}

TEST_CASE("two random networks of one seed are the same program", "[networks]") {
  const Mode plain{.name = "together"};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Recipe recipe{.seed = seed, .dtype = float64};
    const Result first = run(recipe, plain), second = run(recipe, plain);
    REQUIRE(first.seen.size() == second.seen.size());
    for (std::size_t i = 0; i < first.seen.size(); ++i) {
      CHECK(first.seen[i].name == second.seen[i].name);
      CHECK(first.seen[i].shape == second.seen[i].shape);
    }
  }
}

TEST_CASE("a difference between two runs of a network is found and told", "[networks]") {
  const Recipe recipe{.seed = 1, .dtype = float64};
  const Result expected = run(recipe, {.name = "together"});
  REQUIRE(expected.error.empty());
  CHECK(!difference_in_bits(expected, expected));
  CHECK(!difference_in_values(expected, expected));
  Result got = expected;
  double& number = got.seen[got.seen.size() / 2].numbers.back();
  number = std::nextafter(number, 2);
  const auto difference = difference_in_bits(expected, got);
  REQUIRE(difference);
  CHECK(difference->find(got.seen[got.seen.size() / 2].name) == 0);
  CHECK(!difference_in_values(expected, got));
  number += 1e-6 * std::max(1.0, std::abs(number)) + 1e-3;
  CHECK(difference_in_values(expected, got));
}
