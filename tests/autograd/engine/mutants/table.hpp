#pragma once

// The faults that are planted in the engine, one at a time, and the tests that must fail then.

#include <string>
#include <vector>

namespace xgrad::mutants {

/// What a fault needs to be there at all.
enum class Needs { nothing, machine_code, avx2, avx512 };

/// Some of the tests: a specification of Catch2's, and the environment they run in.
struct Tests {
  std::string specification;
  std::vector<std::string> environment{};
};

/// These tests, by name, wildcard or tag.
inline Tests tests(std::string specification, std::vector<std::string> environment = {}) {
  return {std::move(specification), std::move(environment)};
}
/// One random network, evaluated in all its modes.
inline Tests network(int seed, std::vector<std::string> environment = {}) {
  environment.push_back("XGRAD_RANDOM_NETWORKS=" + std::to_string(seed) + ":1");
  return {"random networks compute the same however they are evaluated\\, part 1", std::move(environment)};
}
/// One random tape, evaluated in some ways.
inline Tests tape(int seed, std::vector<std::string> environment = {}) {
  environment.push_back("XGRAD_RANDOM_TAPES=" + std::to_string(seed) + ":1");
  return {"*random tapes*", std::move(environment)};
}

struct Mutant {
  std::string fault;  // as the engine's planted() names it
  Tests caught_by;
  Needs needs = Needs::nothing;
};

struct Room {
  std::string name;
  std::vector<Mutant> mutants;
};

/// All of them.
const std::vector<Room>& rooms();

Room keys_and_caches();
Room graphs();
Room groups();
Room views();
Room programs();
Room interpreters();
Room machine_code();
Room plans();
Room schedules();
Room products();
Room evaluations();
Room sets_and_threads();

}  // namespace xgrad::mutants
