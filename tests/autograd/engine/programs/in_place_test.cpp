// Which outputs of a program may lie in the memory of its inputs.

#include "autograd/engine/programs/in_place.hpp"

#include <catch2/catch.hpp>

namespace xgrad::fused::in_place_test {
namespace {

constexpr Pointer matrix{}, vector{Pointer::Shape::vector, false, false}, mask{Pointer::Shape::full, true, false};
constexpr Ref pointer(std::uint16_t index) { return {Ref::Kind::pointer, index}; }
constexpr Ref value(std::uint16_t index) { return {Ref::Kind::value, index}; }

std::vector<std::pair<int, int>> pairs(std::vector<Pointer> pointers, std::vector<std::vector<Step>> phases) {
  Program program;
  program.pointers = std::move(pointers);
  for (auto& steps : phases) program.phases.push_back({std::move(steps), {}});
  std::vector<std::pair<int, int>> found;
  for (const Overwrite& each : overwrites(program)) found.push_back({each.read, each.written});
  return found;
}
using Pairs = std::vector<std::pair<int, int>>;

TEST_CASE("an output may lie over an input whose element was read before it is stored", "[programs]") {
  CHECK(pairs({matrix, matrix}, {{{Code::exp, {pointer(0)}}, {Code::store, {value(0)}, 1}}}) == Pairs{{0, 1}});
}

TEST_CASE("an output does not lie over an input that is read after it is stored", "[programs]") {
  CHECK(pairs({matrix, matrix, matrix}, {{{Code::exp, {pointer(0)}},
                                          {Code::store, {value(0)}, 1},
                                          {Code::sin, {pointer(0)}},
                                          {Code::store, {value(2)}, 2}}}) == Pairs{{0, 2}});
  CHECK(pairs({matrix, matrix, matrix}, {{{Code::exp, {pointer(0)}}, {Code::store, {value(0)}, 1}},
                                         {{Code::sin, {pointer(0)}}, {Code::store, {value(0)}, 2}}}) == Pairs{{0, 2}});
}

TEST_CASE("an output does not lie over what all rows read, or over masks", "[programs]") {
  CHECK(pairs({vector, matrix}, {{{Code::exp, {pointer(0)}}, {Code::store, {value(0)}, 1}}}).empty());
  CHECK(pairs({mask, matrix}, {{{Code::cast, {pointer(0)}}, {Code::store, {value(0)}, 1}}}).empty());
}

TEST_CASE("the output that is stored first is served first", "[programs]") {
  CHECK(pairs({matrix, matrix, matrix}, {{{Code::exp, {pointer(0)}},
                                          {Code::sin, {pointer(0)}},
                                          {Code::store, {value(1)}, 2},
                                          {Code::store, {value(0)}, 1}}}) == Pairs{{0, 2}, {0, 1}});
}

}  // namespace
}  // namespace xgrad::fused::in_place_test
