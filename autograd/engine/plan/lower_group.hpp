#pragma once

#include <stdexcept>
#include <vector>

#include "autograd/engine/plan/fusion_groups.hpp"
#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// Thrown where the planner meets something that it cannot lower; reference kernels compute that part.
struct Unplanned : std::logic_error {
  Unplanned() : std::logic_error("the fused engine cannot plan this") {}
};

/// A number given to a program: the only element of a node, or a literal.
struct Argument {
  std::int32_t node = -1;
  double literal = 0;
};

/// The program of a group, and the nodes it runs on.
struct Lowered {
  /// An operand that is a view: `index` is that of a pointer or of a row operand.
  struct Moved {
    bool is_pointer = true;
    bool once = false;  // of row operands: the view repeats one number for all columns of a row
    std::uint16_t index = 0;
    Movements movements{};
  };
  Program program{};
  std::vector<std::int32_t> pointers{};  // by pointer, the nodes in whose memory it is; -1 for scratch
  std::vector<std::int32_t> row_operands{};
  std::vector<Argument> arguments{};
  std::vector<Moved> moved{};
};

/// A lowered group, and which values of other groups it reads from memory: those that it does not compute again.
struct LoweredGroup {
  Lowered lowered{};
  std::vector<std::int32_t> reads{};
};

/// Lowers a group to a program that writes those of its members that are `stored`.
LoweredGroup lower(const FusionGroups& groups, std::int32_t group, const std::vector<bool>& stored);

}  // namespace xgrad::fused
