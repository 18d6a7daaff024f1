// Which steps of a phase become one, and which go.

#include "autograd/engine/programs/simplify_steps.hpp"

#include <catch2/catch.hpp>

namespace xgrad::fused::simplify_steps_test {
namespace {

constexpr Ref x{Ref::Kind::pointer, 0}, y{Ref::Kind::pointer, 1};
constexpr Ref value(std::uint16_t index) { return {Ref::Kind::value, index}; }

TEST_CASE("equal steps become one, and their readers read that", "[programs]") {
  std::vector<Step> steps = {
      {Code::exp, {x}}, {Code::exp, {x}}, {Code::mul, {value(0), value(1)}}, {Code::store, {value(2)}, 2}};
  combine(steps);
  CHECK(steps == std::vector<Step>{{Code::exp, {x}}, {Code::mul, {value(0), value(0)}}, {Code::store, {value(1)}, 2}});
}

TEST_CASE("steps that differ in the order of their operands stay two", "[programs]") {
  std::vector<Step> steps = {
      {Code::sub, {x, y}}, {Code::sub, {y, x}}, {Code::mul, {value(0), value(1)}}, {Code::store, {value(2)}, 2}};
  const std::vector<Step> before = steps;
  combine(steps);
  CHECK(steps == before);
}

TEST_CASE("steps that nobody reads go, and what only they read", "[programs]") {
  std::vector<Step> steps = {{Code::exp, {x}}, {Code::sin, {value(0)}}, {Code::cos, {y}}, {Code::store, {value(2)}, 2}};
  combine(steps);
  CHECK(steps == std::vector<Step>{{Code::cos, {y}}, {Code::store, {value(0)}, 2}});
}

TEST_CASE("two stores of one value stay two", "[programs]") {
  std::vector<Step> steps = {{Code::exp, {x}}, {Code::store, {value(0)}, 1}, {Code::store, {value(0)}, 1}};
  combine(steps);
  CHECK(steps.size() == 3);
}

}  // namespace
}  // namespace xgrad::fused::simplify_steps_test
