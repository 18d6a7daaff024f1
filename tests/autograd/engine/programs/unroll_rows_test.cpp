// Which programs take several rows at a time, and what becomes of their steps.

#include "autograd/engine/programs/unroll_rows.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>
#include <vector>

namespace xgrad::fused::unroll_rows_test {
namespace {

constexpr Pointer matrix{}, vector{Pointer::Shape::vector, false, false}, sum{Pointer::Shape::vector, false, true};
constexpr Ref pointer(std::uint16_t index) { return {Ref::Kind::pointer, index}; }
constexpr Ref value(std::uint16_t index) { return {Ref::Kind::value, index}; }

Program program(std::vector<Pointer> pointers, std::vector<Step> steps) {
  Program made;
  made.pointers = std::move(pointers);
  made.phases.push_back({std::move(steps), {}});
  return made;
}

/// out = exp(x + b), where all rows have the same b.
Program with_bias() {
  return program({matrix, vector, matrix},
                 {{Code::add, {pointer(0), pointer(1)}}, {Code::exp, {value(0)}}, {Code::store, {value(1)}, 2}});
}

std::ptrdiff_t count(const Unrolled& made, Code code) {
  const auto& steps = made.program.phases[0].steps;
  return std::count_if(steps.begin(), steps.end(), [&](const Step& step) { return step.code == code; });
}

TEST_CASE("four rows at a time share the vector that all of them read", "[programs]") {
  const auto made = unrolled(with_bias());
  REQUIRE(made);
  CHECK(made->rows == 4);
  CHECK(made->program.pointers.size() == 4 + 1 + 4);
  CHECK(made->first == std::vector<std::uint16_t>{0, 4, 5});
  CHECK(count(*made, Code::exp) == 4);
  const Step& last = made->program.phases[0].steps[3 * 3];  // the addition of the fourth row
  CHECK((last.in[0] == pointer(3) && last.in[1] == pointer(4)));
}

TEST_CASE("sums over rows are read and written once for all rows that are taken at a time", "[programs]") {
  const auto made = unrolled(program({matrix, sum}, {{Code::accumulate, {pointer(0)}, 1}}));
  REQUIRE(made);
  CHECK(count(*made, Code::accumulate) == 0);
  CHECK(count(*made, Code::add) == made->rows);
  CHECK(count(*made, Code::store) == 1);
  const auto& steps = made->program.phases[0].steps;
  CHECK(steps[0].in[0] == pointer(made->first[1]));  // the sum so far
  CHECK(steps[1].in[0] == value(0));                 // then row by row, in order
}

TEST_CASE("outputs of several rows lie over the inputs of the same rows", "[programs]") {
  const auto made = unrolled(with_bias());
  REQUIRE(made);
  CHECK(made->aliases({0, 1, 0}) == Aliases{0, 1, 2, 3, 4, 0, 1, 2, 3});
}

TEST_CASE("rows that have numbers of their own, or take much, are taken one by one", "[programs]") {
  Program reduces = program({matrix}, {{Code::sum, {pointer(0)}, 0}});
  reduces.registers = 1;
  CHECK_FALSE(unrolled(reduces));
  Program loads = with_bias();
  loads.registers = loads.row_operands = 1;
  loads.loads.push_back({Load::Source::rows, 0, 0});
  CHECK_FALSE(unrolled(loads));
  Program phases = with_bias();
  phases.phases.push_back(phases.phases[0]);
  CHECK_FALSE(unrolled(phases));

  std::vector<Step> steps{{Code::exp, {pointer(0)}}};
  while (steps.size() < 32) steps.push_back({Code::exp, {value(static_cast<std::uint16_t>(steps.size() - 1))}});
  CHECK(unrolled(program({matrix}, steps))->rows == 2);
  steps.push_back(steps.back());
  CHECK_FALSE(unrolled(program({matrix}, steps)));
}

}  // namespace
}  // namespace xgrad::fused::unroll_rows_test
