#pragma once

// Programs that take several rows at a time.

#include <optional>

#include "autograd/engine/programs/phase_kernel.hpp"

namespace xgrad::fused {

/// A program whose one phase does to `rows` rows, one after the other, what another program does to one. It reads what
/// is the same for all rows once, and loads and stores sums over rows once for all of them.
struct Unrolled {
  Program program;
  int rows = 1;
  std::vector<std::uint16_t> first;  // by pointer of the other program: its pointer for the first row; full ones
                                     // have theirs for the other rows next to it
  /// The aliases of its pointers that follow from those of the other program.
  Aliases aliases(const Aliases& of_one) const;
};

/// Nothing for programs with registers that differ from row to row, and for phases that are too long to take several
/// rows together.
std::optional<Unrolled> unrolled(const Program& program);

}  // namespace xgrad::fused
