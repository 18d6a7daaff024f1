// What is derived from programs is what they are.

#include <catch2/catch.hpp>
#include <functional>

#include "autograd/engine/programs/verify_program.hpp"
#include "tests/autograd/engine/programs/random_program.hpp"

namespace xgrad::fused::verify_derived_test {
namespace {

using testing::Kind;
using testing::RandomProgram;

constexpr Pointer matrix{}, row{Pointer::Shape::vector, false, false}, sum{Pointer::Shape::vector, false, true};
const Ref x{Ref::Kind::pointer, 0}, y{Ref::Kind::pointer, 1};

/// z = (x + y) a, and its sum over rows.
Program elementwise(bool sums) {
  Program program;
  program.pointers = {matrix, sums ? row : matrix, matrix};
  program.loads = {{Load::Source::argument, 0, 0}};
  program.before = {{Code::add, {0, 0, 0}, 1}};
  Phase phase;
  phase.steps = {{Code::add, {x, y, {}}},
                 {Code::mul, {{Ref::Kind::value, 0}, {Ref::Kind::register_, 1}, {}}},
                 {Code::store, {{Ref::Kind::value, 1}, {}, {}}, 2}};
  if (sums) {
    program.pointers.push_back(sum);
    phase.steps.push_back({Code::accumulate, {{Ref::Kind::value, 1}, {}, {}}, 3});
  }
  program.phases = {phase};
  program.registers = 2;
  program.arguments = 1;
  return program;
}

void broken(const Program& program, const char* rule, const std::function<void(Analysis&)>& change) {
  Analysis analysis(program);
  CHECK_NOTHROW(verify_analysis(program, analysis));
  change(analysis);
  CHECK_THROWS_WITH(verify_analysis(program, analysis), Catch::Contains(rule));
}

TEST_CASE("an analysis that does not fit its program is found", "[verify]") {
  const Program program = elementwise(false), sums = elementwise(true);
  broken(program, "not what it is taken for", [](Analysis& a) { a.fixed[0] = 0; });
  broken(program, "runs at another time", [](Analysis& a) { std::swap(a.once, a.before); });
  broken(program, "runs at another time", [](Analysis& a) { a.once[0].in[0] = 1; });
  broken(program, "not what it is taken for", [](Analysis& a) { a.before = a.once; });
  broken(sums, "sums over rows", [](Analysis& a) { a.accumulators.clear(); });
  broken(sums, "sums over rows", [](Analysis& a) { a.accumulators = {2}; });
  broken(program, "sums over rows", [](Analysis& a) { a.accumulators = {2}; });
  broken(program, "scratch", [](Analysis& a) { a.scratch = {2}; });
  broken(sums, "one long row", [](Analysis& a) { a.flat = true; });
  broken(sums, "one row", [](Analysis& a) { a.flat_row = true; });
  broken(sums, "some of its rows", [](Analysis& a) { a.parts = Parts::any; });
  Program vector = program;
  vector.pointers[1] = row;
  broken(vector, "one long row", [](Analysis& a) { a.flat = true; });
  for (const Step& step : {Step{Code::max, {x, {}, {}}, 0}, Step{Code::column, {}}}) {
    Program along = program;
    along.phases[0].steps.push_back(step);
    for (const Parts parts : {Parts::columns, Parts::any})
      broken(along, "cannot be run in parts", [&](Analysis& a) { a.parts = parts; });
    broken(along, "one long row", [](Analysis& a) { a.flat = true; });
  }
  Program stores = program;
  stores.row_operands = 1;
  stores.row_stores = {{1, 0}};
  broken(stores, "cannot be run in parts", [](Analysis& a) { a.parts = Parts::any; });
  Program rows = program;
  rows.row_operands = 1;
  rows.loads[0] = {Load::Source::rows, 0, 0};
  broken(rows, "one long row", [](Analysis& a) { a.flat = true; });
  broken(rows, "one row", [](Analysis& a) { a.flat_row = true; });
}

TEST_CASE("several rows that are not what single ones are are found", "[verify]") {
  for (const bool sums : {false, true}) {
    const Program program = elementwise(sums);
    const auto made = unrolled(program);
    REQUIRE(made);
    CHECK_NOTHROW(verify_unrolled(program, *made));
    const auto is_broken = [&](const std::function<void(Unrolled&)>& change) {
      Unrolled changed = *made;
      change(changed);
      CHECK_THROWS_WITH(verify_unrolled(program, changed), Catch::Contains("unrolled"));
    };
    is_broken([](Unrolled& u) { u.rows = 3; });
    is_broken([](Unrolled& u) { ++u.first[1]; });
    is_broken([](Unrolled& u) { u.program.pointers.pop_back(); });
    is_broken([](Unrolled& u) { u.program.pointers.back().accumulator = true; });
    const std::size_t steps = made->program.phases[0].steps.size();
    for (std::size_t i = 0; i < steps; ++i) {
      is_broken([i](Unrolled& u) { u.program.phases[0].steps[i].code = Code::neg; });
      is_broken([i](Unrolled& u) { ++u.program.phases[0].steps[i].in[0].index; });
      is_broken([i](Unrolled& u) {
        auto& all = u.program.phases[0].steps;
        all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
      });
      if (made->program.phases[0].steps[i].code == Code::store)
        is_broken([i](Unrolled& u) { ++u.program.phases[0].steps[i].out; });
    }
  }
}

TEST_CASE("what is derived from random programs is verified", "[verify]") {
  int several = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed)
    for (const Kind kind : {Kind::any, Kind::by_columns, Kind::by_elements}) {
      const Program program = RandomProgram(seed, float64, kind).program();
      CHECK_NOTHROW(verify_analysis(program, Analysis(program)));
      if (const auto made = unrolled(program)) {
        CHECK_NOTHROW(verify_unrolled(program, *made));
        ++several;
      }
    }
  CHECK(several > 100);
}

}  // namespace
}  // namespace xgrad::fused::verify_derived_test
