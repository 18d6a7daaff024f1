// Each row of the table of instructions has all its parts: a primitive of its name, with a row in the catalogue, and a
// loop on every instruction set. (one_step_test.cpp compares the tiers, math/*_test.cpp the values, for every row.)

#include "autograd/core/instruction_facts.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <set>

#include "autograd/engine/interpreter/tile_functions.hpp"
#include "tests/autograd/engine/sets.hpp"
#include "tests/catalogue.hpp"

namespace xgrad::instruction_facts_test {

namespace {

template <class Body>
void for_each_instruction(Body&& body) {
  for (int i = 1; i < instruction_count; ++i) {
    INFO(name_of(static_cast<Instruction>(i)));
    body(static_cast<Instruction>(i));
  }
}

}  // namespace

TEST_CASE("instructions are called what their rows say, each something else", "[instructions]") {
  CHECK(std::strcmp(name_of(Instruction::none), "none") == 0);
  CHECK(std::strcmp(name_of(Instruction::gaussian), "gaussian") == 0);
  CHECK(std::strcmp(name_of(Instruction::accumulate), "accumulate") == 0);
  std::set<std::string> names;
  for_each_instruction([&](Instruction f) { CHECK(names.insert(name_of(f)).second); });
}

TEST_CASE("forms say what instructions take and give", "[instructions]") {
  CHECK(arity(Instruction::column) == 0);
  CHECK(arity(Instruction::exp) == 1);
  CHECK(arity(Instruction::add) == 2);
  CHECK(arity(Instruction::fma) == 3);
  CHECK(arity(Instruction::less) == 2);
  CHECK(arity(Instruction::logical_xor) == 2);
  CHECK(arity(Instruction::logical_not) == 1);
  CHECK(arity(Instruction::where) == 3);
  CHECK(arity(Instruction::sum) == 1);
  CHECK(takes_mask(Instruction::where, 0));
  CHECK_FALSE(takes_mask(Instruction::where, 1));
  CHECK((takes_mask(Instruction::logical_and, 1) && takes_mask(Instruction::cast, 0)));
  CHECK((gives_mask(Instruction::less) && gives_mask(Instruction::logical_not)));
  CHECK_FALSE((gives_mask(Instruction::cast) || gives_mask(Instruction::where)));
  CHECK((is_sink(Instruction::sum) && is_sink(Instruction::store) && !is_sink(Instruction::where)));
  CHECK_FALSE((is_elementwise(Instruction::copy) || is_elementwise(Instruction::sum)));
}

TEST_CASE("every instruction of the tape is that of the primitive of its name", "[instructions]") {
  for_each_instruction([](Instruction f) {
    if (!is_elementwise(f) && !is_reduction(f)) return;
    const catalogue::Row& row = catalogue::row(name_of(f));  // there is one, or it throws
    REQUIRE_FALSE(row.cases.empty());
    const catalogue::Case& first = row.cases.front();
    const Tensor y = first.function(first.make_inputs());
    const Lowering lowering = y.entry()->primitive->lower();
    CHECK(std::string(y.entry()->primitive->name()) == name_of(f));
    CHECK(lowering.instruction == f);
    CHECK(lowering.kind == (is_reduction(f) ? Lowering::Kind::reduction : Lowering::Kind::elementwise));
    CHECK(static_cast<int>(y.entry()->input_count) == arity(f));
  });
}

TEST_CASE("every instruction has its loops on every instruction set", "[instructions]") {
  for (const fused::InstructionSet set : fused::testing::sets())
    for (const DType dtype : {float32, float64})
      for_each_instruction([&](Instruction f) {
        const fused::TileFunctions& functions = fused::tile_functions(set, dtype);
        const auto code = static_cast<int>(f);
        if (is_elementwise(f)) CHECK(functions.elements[code][0]);
        if (is_reduction(f)) CHECK((functions.reduce[code] && functions.reduce_rows[code]));
      });
}

}  // namespace xgrad::instruction_facts_test
