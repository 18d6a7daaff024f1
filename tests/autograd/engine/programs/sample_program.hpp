#pragma once

#include <cstdint>

#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused::testing {

inline Ref value(std::uint16_t i) { return {Ref::Kind::value, i}; }
inline Ref pointer(std::uint16_t i) { return {Ref::Kind::pointer, i}; }
inline Ref number(std::uint16_t i) { return {Ref::Kind::register_, i}; }

inline constexpr Pointer matrix{}, row{Pointer::Shape::vector, false, false}, sum{Pointer::Shape::vector, false, true};
inline constexpr Pointer mask{Pointer::Shape::full, true, false}, scratch{Pointer::Shape::scratch, false, false};

/// A program with some of everything. Pointer 1 holds what the first phase leaves, then a result.
inline Program sample_program() {
  Program program;
  program.pointers = {matrix, matrix, row, sum, mask, scratch, mask, matrix};
  program.loads = {{Load::Source::argument, 0, 0},
                   {Load::Source::rows, 0, 1},
                   {Load::Source::integers, 1, 2},
                   {Load::Source::element, 0, 3, 2}};
  program.before = {{Code::add, {0, 1, 0}, 4}};
  Phase first, second;
  first.steps = {{Code::exp, {pointer(0), {}, {}}},
                 {Code::store, {value(0), {}, {}}, 1},
                 {Code::mul, {value(0), number(4), {}}},
                 {Code::store, {value(2), {}, {}}, 5},
                 {Code::sum, {value(0), {}, {}}, 5}};
  first.after = {{Code::div, {0, 5, 0}, 6}};
  second.steps = {{Code::mul, {pointer(1), number(6), {}}}, {Code::where, {pointer(4), value(0), pointer(5)}},
                  {Code::store, {value(1), {}, {}}, 1},     {Code::accumulate, {value(1), {}, {}}, 3},
                  {Code::greater, {value(0), pointer(2)}},  {Code::store, {value(4), {}, {}}, 6},
                  {Code::store, {number(1), {}, {}}, 7}};
  program.phases = {first, second};
  program.row_stores = {{6, 2}};
  program.element_stores = {{3, 1, 2}};
  program.registers = 7;
  program.row_operands = 3;
  program.arguments = 1;
  return program;
}

}  // namespace xgrad::fused::testing
