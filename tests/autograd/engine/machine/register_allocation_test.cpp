// Registers are allocated so that no value is lost, or not at all.

#include "autograd/engine/machine/register_allocation.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace xgrad::fused::machine::register_allocation_test {
namespace {

const Target target{32, 16, false};

Allocation allocated(const std::vector<VectorInstruction>& instructions, int vectors) {
  const VectorCode code{4, instructions, {}};
  const std::vector<int> fixed(instructions.size(), -1);
  return allocate(code, target, {fixed, vectors, 0, true});
}

/// Where an instruction stands; behind all others if it became an operand.
std::size_t place(const Allocation& allocation, Value value) {
  const auto found =
      std::find_if(allocation.code.begin(), allocation.code.end(), [&](const AllocatedInstruction& placed) {
        return placed.action == AllocatedInstruction::Action::compute && placed.value == value;
      });
  return static_cast<std::size_t>(found - allocation.code.begin());
}

}  // namespace

TEST_CASE("a load is an operand only where nothing has been stored since", "[machine]") {
  const VectorInstruction first{Op::load, {nothing, nothing, nothing}, 0},
      second{Op::load, {nothing, nothing, nothing}, 1};
  const VectorInstruction sum{Op::add, {1, 0, nothing}}, store{Op::store, {1, nothing, nothing}, 2};
  const Allocation together = allocated({first, second, sum, {Op::store, {2, nothing, nothing}, 2}}, 8);
  REQUIRE(together.possible);
  CHECK(place(together, 0) == together.code.size());
  const Allocation apart =
      allocated({first, second, store, {Op::add, {1, 0, nothing}}, {Op::store, {3, nothing, nothing}, 3}}, 8);
  REQUIRE(apart.possible);
  CHECK(place(apart, 0) < place(apart, 2));
}

TEST_CASE("where an instruction has more operands than registers there is no allocation", "[machine]") {
  std::vector<VectorInstruction> code;
  for (std::uint64_t p = 0; p < 3; ++p) code.push_back({Op::load, {nothing, nothing, nothing}, p});
  for (Value v = 0; v < 3; ++v) code.push_back({Op::sqrt, {v, nothing, nothing}});
  code.push_back({Op::fma, {3, 4, 5}});
  for (Value v = 3; v < 7; ++v) code.push_back({Op::store, {v, nothing, nothing}, static_cast<std::uint64_t>(v)});
  CHECK(allocated(code, 4).possible);
  CHECK(!allocated(code, 2).possible);
}

}  // namespace xgrad::fused::machine::register_allocation_test
