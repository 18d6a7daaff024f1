#pragma once

// Facts about a program that do not depend on what it is bound to.

#include <cstdint>
#include <vector>

#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// On which parts of its rows and columns a program can run separately.
enum class Parts : std::uint8_t {
  none,
  columns,  // some of the columns, all rows: no column depends on another, but there are sums over rows
  any       // no element depends on another
};

struct Analysis {
  explicit Analysis(const Program& program);

  std::vector<char> fixed;                                   // by register: whether it is the same for all rows
  std::vector<RowStep> once;                                 // the steps of the program's `before` that run once
  std::vector<RowStep> before;                               // and those that run for each row
  std::vector<std::uint16_t> accumulators, scratch, placed;  // pointers
  bool flat = false;      // whether rows and columns do not matter, so that all is one long row
  bool flat_row = false;  // whether they do not matter if there is just one row
  Parts parts = Parts::none;
};

/// Whether a phase reads the numbers of its columns.
bool counts_columns(const Phase& phase);

}  // namespace xgrad::fused
