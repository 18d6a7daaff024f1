#include "autograd/engine/rows/tier.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "autograd/core/error.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/engine/machine/compile_phase.hpp"
#include "autograd/engine/rows/tiered_program.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace tier_test {

using namespace xgrad;
using namespace xgrad::fused;
using xgrad::fused::testing::InTier;

namespace {

Compiled square() {
  Program program;
  program.pointers = {{}, {}};
  const Ref x{Ref::Kind::pointer, 0};
  program.phases = {{{{Code::mul, {x, x, {}}}, {Code::store, {{Ref::Kind::value, 0}, {}, {}}, 1}}, {}}};
  return Compiled(program);
}

}  // namespace

TEST_CASE("a tier has to be one of the three", "[tier]") {
  const std::string before = tier();
  CHECK_THROWS_AS(set_tier("fast"), ValueError);
  CHECK_THROWS_WITH(set_tier("fast"), Catch::Contains("compile-at-once"));
  CHECK(tier() == before);
}

TEST_CASE("programs become machine code when their tier says so", "[tier]") {
  const bool there = has_machine_code() && instruction_set() != InstructionSet::generic;
  std::vector<float> x(100, 3), y(100);
  Compiled program = square();
  const auto run = [&] { execute(program, {1, 100, {x.data(), y.data()}, {}, {}}); };
  {
    const InTier interpreted("interpreted");
    for (int i = 0; i < 400; ++i) run();
    CHECK(!program.is_machine_code());
  }
  {
    const InTier at_once("compile-at-once");
    run();
    CHECK(program.is_machine_code() == there);
  }
  {
    const InTier interpreted("interpreted");
    run();
    CHECK(!program.is_machine_code());
  }
  const InTier in_time("compiled");
  Compiled fresh = square();
  const auto run_fresh = [&] { execute(fresh, {1, 100, {x.data(), y.data()}, {}, {}}); };
  run_fresh();
  CHECK(!fresh.is_machine_code());
  for (int i = 0; i < 300; ++i) run_fresh();
  CHECK(fresh.is_machine_code() == there);
  CHECK(y == std::vector<float>(100, 9));
}

}  // namespace tier_test
