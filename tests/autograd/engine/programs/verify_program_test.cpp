// Programs that break a rule are told from those that do not.

#include "autograd/engine/programs/verify_program.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "tests/autograd/engine/programs/random_program.hpp"
#include "tests/autograd/engine/programs/sample_program.hpp"

namespace xgrad::fused::verify_program_test {
namespace {

using namespace testing;

std::string verdict(const Program& program) {
  try {
    verified(program);
  } catch (const Unverified& violation) {
    return violation.what();
  }
  return "";
}

void broken(const std::string& rule, const std::function<void(Program&)>& change) {
  Program program = sample_program();
  change(program);
  INFO(rule);
  CHECK_THAT(verdict(program), Catch::Contains(rule));
}

std::vector<Step>& steps(Program& program, std::size_t phase) { return program.phases[phase].steps; }

TEST_CASE("a program that breaks no rule is verified", "[verify]") {
  CHECK(verdict(sample_program()) == "");
  for (std::uint64_t seed = 0; seed < 500; ++seed)
    for (const Kind kind : {Kind::any, Kind::by_columns, Kind::by_elements}) {
      INFO("seed " << seed);
      CHECK(verdict(RandomProgram(seed, seed % 2 ? float32 : float64, kind).program()) == "");
    }
}

TEST_CASE("indices, operands and types that do not fit are found", "[verify]") {
  broken("numbers are float32 or float64", [](Program& p) { p.dtype = int64; });
  broken("more places than the interpreter counts", [](Program& p) { p.registers = 20'000; });
  broken("no such pointer", [](Program& p) { steps(p, 0)[0].in[0].index = 8; });
  broken("no such pointer", [](Program& p) { steps(p, 0)[1].out = 8; });
  broken("no such pointer", [](Program& p) { steps(p, 1)[3].out = 8; });
  broken("no such pointer", [](Program& p) { p.loads[3].index = 8; });
  broken("no such pointer", [](Program& p) { p.element_stores[0].pointer = 8; });
  broken("no such register", [](Program& p) { steps(p, 0)[4].out = 7; });
  broken("no such register", [](Program& p) { steps(p, 0)[2].in[1].index = 7; });
  broken("no such argument", [](Program& p) { p.arguments = 0; });
  broken("no such row operand", [](Program& p) { p.loads[1].index = 3; });
  broken("no such row operand", [](Program& p) { p.row_stores[0].index = 3; });
  broken("not the operands of its code", [](Program& p) { steps(p, 0)[2].in[1] = {}; });
  broken("not the operands of its code", [](Program& p) { steps(p, 0)[0].in[1] = number(0); });
  broken("it has no code", [](Program& p) { steps(p, 0)[0] = {Code::none, {}}; });
  broken("it has no code", [](Program& p) { p.before[0].code = Code::none; });
  broken("its code needs columns", [](Program& p) { p.before[0].code = Code::max; });
  broken("its code needs columns", [](Program& p) { p.before[0].code = Code::column; });
  broken("a mask is taken for a number", [](Program& p) { steps(p, 0)[0].in[0] = pointer(4); });
  broken("a mask is taken for a number", [](Program& p) { steps(p, 1)[1].in[0] = value(0); });
  broken("a mask is taken for a number", [](Program& p) { steps(p, 1)[6].in[0] = value(4); });
  broken("a mask is taken for a number", [](Program& p) { steps(p, 1)[5].in[0] = value(0); });
  broken("a mask is taken for a number", [](Program& p) { p.before[0].code = Code::equal; });
  broken("a mask is taken for a number", [](Program& p) { p.loads[3].index = 4; });
}

TEST_CASE("values and registers that are read too early, or defined twice, are found", "[verify]") {
  broken("no value of an earlier step", [](Program& p) { steps(p, 0)[2].in[0] = value(2); });
  broken("no value of an earlier step", [](Program& p) { steps(p, 0)[2].in[0] = value(1); });
  broken("no value of an earlier step", [](Program& p) { std::swap(steps(p, 0)[0], steps(p, 0)[1]); });
  broken("read before it is defined", [](Program& p) { steps(p, 0)[2].in[1] = number(5 + 1); });
  broken("read before it is defined", [](Program& p) { p.before[0].in[0] = 5; });
  broken("read before it is defined", [](Program& p) { std::swap(p.phases[0].after, p.before); });
  broken("read before it is defined", [](Program& p) { p.loads.erase(p.loads.begin()); });
  broken("read before it is defined", [](Program& p) { steps(p, 0).pop_back(); });
  broken("in the phase that reduces into it", [](Program& p) { steps(p, 0).push_back({Code::neg, {number(5)}}); });
  broken("defined twice", [](Program& p) { steps(p, 0)[4].out = 4; });
  broken("defined twice", [](Program& p) { steps(p, 0).push_back({Code::max, {value(0)}, 5}); });
  broken("defined twice", [](Program& p) { p.before[0].out = 1; });
  broken("defined twice", [](Program& p) { p.loads.push_back(p.loads[0]); });
}

TEST_CASE("memory that is read where something else may be, or written too often, is found", "[verify]") {
  broken("after it was stored in the same phase", [](Program& p) { steps(p, 1).push_back({Code::neg, {pointer(1)}}); });
  broken("after it was stored in the same phase", [](Program& p) { steps(p, 0).push_back({Code::neg, {pointer(5)}}); });
  broken("scratch is read before", [](Program& p) { steps(p, 0)[0].in[0] = pointer(5); });
  broken("an input is stored", [](Program& p) { steps(p, 0)[1].out = 0; });
  broken("an input is stored", [](Program& p) { steps(p, 1)[6].out = 0; });  // an element of it is loaded
  broken("an input is stored", [](Program& p) { steps(p, 0).insert(steps(p, 0).begin(), {Code::neg, {pointer(1)}}); });
  broken("stored twice in a phase", [](Program& p) { steps(p, 1)[6].out = 1; });
  broken("the same for all rows is stored", [](Program& p) { steps(p, 1)[6].out = 2; });
  broken("two phases add to a sum", [](Program& p) {
    steps(p, 0).push_back({Code::accumulate, {value(0), {}, {}}, 3});
  });
  broken("the same for all rows is stored", [](Program& p) { steps(p, 1)[6].out = 3; });
  broken("a sum over rows is read", [](Program& p) { steps(p, 1)[0].in[0] = pointer(3); });
  broken("a sum over rows is not cleared", [](Program& p) { p.pointers[3].accumulator = false; });
  broken("a sum over rows is not cleared", [](Program& p) { steps(p, 1)[3].out = 2; });
  broken("an accumulator is a vector", [](Program& p) { p.pointers[3].shape = Pointer::Shape::full; });
  broken("scratch holds numbers", [](Program& p) { p.pointers[5].mask = true; });
}

TEST_CASE("row operands and elements that do not fit are found", "[verify]") {
  broken("it is stored, and loaded or stored", [](Program& p) { p.row_stores[0].index = 0; });
  broken("it is stored, and loaded or stored", [](Program& p) { p.row_stores[0].index = 1; });
  broken("it is stored, and loaded or stored", [](Program& p) { p.row_stores.push_back({1, 2}); });
  broken("loaded as integers and as numbers", [](Program& p) { p.loads[1].index = 1; });
  broken("no column number", [](Program& p) { p.loads[3].column = 1; });
  broken("no column number", [](Program& p) { p.loads[3].column = 3; });
  broken("no column number", [](Program& p) { std::swap(p.loads[2], p.loads[3]); });
  broken("no column number", [](Program& p) { p.element_stores[0].column = 0; });
  broken("loaded from no input", [](Program& p) { p.loads[3].index = 3; });
  broken("loaded from no input", [](Program& p) { p.loads[3].index = 5; });
  broken("an input is stored", [](Program& p) { p.loads[3].index = 1; });
  broken("no matrix of numbers", [](Program& p) { p.element_stores[0].pointer = 6; });
  broken("no matrix of numbers", [](Program& p) { p.element_stores[0].pointer = 3; });
  broken("but not its row", [](Program& p) { p.element_stores[0].pointer = 0; });
  broken("read before it is defined", [](Program& p) { p.loads[3].register_ = 4, p.before.clear(); });
}

/// The derivative by b of sum((y - mean(y))^2) along rows, y = tanh(a) b: what tanh gives lies where the derivative by
/// a is stored, and is read after that.
Program overwritten(bool stored_last) {
  Program program;
  program.pointers = {matrix, matrix};
  program.loads = {{Load::Source::argument, 0, 0}, {Load::Source::argument, 1, 1}};
  Phase first, second;
  first.steps = {{Code::tanh, {pointer(0), {}, {}}},
                 {Code::store, {value(0), {}, {}}, 1},
                 {Code::mul, {value(0), number(0), {}}},
                 {Code::sum, {value(2), {}, {}}, 2}};
  first.after = {{Code::mul, {2, 1, 0}, 3}};
  const Step store{Code::store, {value(3), {}, {}}, 1};
  second.steps = {{Code::mul, {pointer(1), number(0), {}}},
                  {Code::sub, {value(0), number(3), {}}},
                  {Code::mul, {pointer(1), pointer(1), {}}},
                  {Code::mul, {value(1), value(2), {}}},
                  store,
                  {Code::mul, {value(1), pointer(1), {}}},
                  {Code::sum, {value(5), {}, {}}, 4}};
  if (stored_last) {
    second.steps.erase(second.steps.begin() + 4);
    second.steps[5].in[0] = value(4);
    second.steps.push_back(store);
  }
  program.phases = {first, second};
  program.row_stores = {{4, 0}};
  program.registers = 5;
  program.row_operands = 1;
  program.arguments = 2;
  return program;
}

TEST_CASE("a carried value that is read after a result was stored over it is found", "[verify]") {
  CHECK_THAT(verdict(overwritten(false)),
             Catch::Contains("pointer 1: it is read after it was stored in the same phase"));
  CHECK(verdict(overwritten(true)) == "");
}

TEST_CASE("memory is shared only where the input is not read any more", "[verify]") {
  const Program program = sample_program();
  const auto shared = [&](std::uint16_t read, std::uint16_t written) -> std::string {
    const Overwrite pair{read, written};
    try {
      verify_sharing(program, {&pair, 1});
    } catch (const Unverified& violation) {
      return violation.what();
    }
    return "";
  };
  CHECK(shared(0, 1) == "");  // which is stored after the only step that reads 0
  CHECK(shared(0, 7) == "");
  CHECK_THAT(shared(1, 7), Catch::Contains("is stored"));
  CHECK_THAT(shared(7, 0), Catch::Contains("is stored"));
  CHECK_THAT(shared(0, 0), Catch::Contains("is no output"));
  CHECK_THAT(shared(4, 6), Catch::Contains("no matrix of numbers"));
  CHECK_THAT(shared(2, 1), Catch::Contains("no matrix of numbers"));
  CHECK_THAT(shared(0, 3), Catch::Contains("no matrix of numbers"));
  CHECK_THAT(shared(0, 9), Catch::Contains("no such pointer"));
  Program later = program;
  steps(later, 1)[0].in[0] = pointer(0);
  const Overwrite pair{0, 1}, last{0, 7};
  CHECK_THROWS_WITH(verify_sharing(later, {&pair, 1}), Catch::Contains("read after what shares its memory was stored"));
  CHECK_NOTHROW(verify_sharing(later, {&last, 1}));
}

TEST_CASE("whatever the planner lets share memory may share it", "[verify]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Program program = RandomProgram(seed, float32).program();
    CHECK_NOTHROW(verify_sharing(program, overwrites(program)));
  }
}

}  // namespace
}  // namespace xgrad::fused::verify_program_test
