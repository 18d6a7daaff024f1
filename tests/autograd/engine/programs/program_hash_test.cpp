// A program that is changed in one place has another hash: programs with one hash are searched one by one.

#include "autograd/engine/programs/program_hash.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <set>
#include <vector>

#include "tests/autograd/engine/programs/sample_program.hpp"

namespace xgrad::fused::program_hash_test {
namespace {

using testing::sample_program;

// All that programs are compared by.
const std::vector<std::function<void(Program&)>> changes = {
    [](Program& p) { p.dtype = float64; },
    [](Program& p) { ++p.registers; },
    [](Program& p) { ++p.row_operands; },
    [](Program& p) { ++p.arguments; },
    [](Program& p) { p.pointers.push_back({}); },
    [](Program& p) { p.pointers[0].shape = Pointer::Shape::vector; },
    [](Program& p) { p.pointers[0].shape = Pointer::Shape::scratch; },
    [](Program& p) { p.pointers[0].mask = true; },
    [](Program& p) { p.pointers[0].accumulator = true; },
    [](Program& p) { p.pointers[0].placed = true; },
    [](Program& p) { p.pointers[2].placed = true; },
    [](Program& p) { std::swap(p.pointers[0], p.pointers[2]); },
    [](Program& p) { p.loads.push_back({}); },
    [](Program& p) { p.loads[0].source = Load::Source::integers; },
    [](Program& p) { ++p.loads[0].index; },
    [](Program& p) { ++p.loads[0].register_; },
    [](Program& p) { ++p.loads[0].column; },
    [](Program& p) { p.loads[1].placed = true; },
    [](Program& p) { p.before.clear(); },
    [](Program& p) { p.before[0].code = Code::mul; },
    [](Program& p) { ++p.before[0].out; },
    [](Program& p) { p.before[0].in[0] = 1; },
    [](Program& p) { p.before[0].in[1] = 0; },
    [](Program& p) { p.before[0].in[2] = 1; },
    [](Program& p) { p.phases.push_back({}); },
    [](Program& p) { p.phases[0].steps[0].code = Code::add; },
    [](Program& p) { p.phases[0].steps[0].out = 1; },
    [](Program& p) { p.phases[0].steps[0].in[0].index = 1; },
    [](Program& p) { p.phases[0].steps[0].in[1].kind = Ref::Kind::register_; },
    [](Program& p) { p.phases[0].steps[0].in[2].index = 1; },
    [](Program& p) { p.phases[0].steps[1].out = 0; },
    [](Program& p) { p.phases[0].after[0].in[1] = 0; },
    [](Program& p) { p.phases[0].after.clear(); },
    [](Program& p) { ++p.row_stores[0].register_; },
    [](Program& p) { ++p.row_stores[0].index; },
    [](Program& p) { p.row_stores.clear(); },
    [](Program& p) { ++p.element_stores[0].register_; },
    [](Program& p) { ++p.element_stores[0].pointer; },
    [](Program& p) { ++p.element_stores[0].column; },
    [](Program& p) { p.element_stores.clear(); },
};

}  // namespace

TEST_CASE("a program that differs in anything has another hash", "[program-hash]") {
  CHECK(hash_of(sample_program()) == hash_of(sample_program()));
  std::set<std::uint64_t> hashes{hash_of(sample_program())};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Program changed = sample_program();
    changes[i](changed);
    INFO("change " << i);
    REQUIRE_FALSE(changed == sample_program());
    CHECK(hashes.insert(hash_of(changed)).second);
  }
}

}  // namespace xgrad::fused::program_hash_test
