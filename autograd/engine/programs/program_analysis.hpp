#pragma once

// What follows from a program, whatever it is bound to.

#include <cstdint>
#include <vector>

#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// Which parts of its rows and columns a program can be run on by themselves.
enum class Parts : std::uint8_t {
  none,
  columns,  // some of the columns, all rows: no column depends on another, but there are sums over rows
  any       // no element depends on another
};

struct Analysis {
  explicit Analysis(const Program& program);

  std::vector<char> fixed;                                   // whether each register is the same for all rows
  std::vector<RowStep> once;                                 // steps of `before` that are done once for the program
  std::vector<RowStep> before;                               // and those for each row
  std::vector<std::uint16_t> accumulators, scratch, placed;  // pointers
  bool flat = false;                                         // neither rows nor columns matter: one long row
  bool flat_row = false;                                     // so it is if there is just one row
  Parts parts = Parts::none;
};

/// Whether a phase needs the numbers of its columns.
bool counts_columns(const Phase& phase);

}  // namespace xgrad::fused
