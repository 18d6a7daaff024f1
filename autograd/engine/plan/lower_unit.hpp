#pragma once

#include <stdexcept>
#include <vector>

#include "autograd/engine/plan/grouping.hpp"
#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// The planner met something it has no place for: the reference kernels take over.
struct Unplanned : std::logic_error {
  Unplanned() : std::logic_error("the fused engine cannot plan this") {}
};

/// A number given to a program: the only element of a node, or a literal.
struct Argument {
  std::int32_t node = -1;
  double literal = 0;
};

/// The program of a unit, and the nodes it runs on.
struct Lowered {
  Program program;
  std::vector<std::int32_t> pointers;  // by pointer; -1 for scratch
  std::vector<std::int32_t> row_operands;
  std::vector<Argument> arguments;
};

/// Lowers a unit. `stored` says which nodes later units read from memory; what this one reads is added, so units are
/// lowered from the last to the first.
Lowered lower(const Grouping& grouping, std::int32_t unit, std::vector<bool>& stored);

}  // namespace xgrad::fused
