#pragma once

// Programs that take several rows at a time.

#include <optional>

#include "autograd/engine/programs/phase_kernel.hpp"

namespace xgrad::fused {

/// A program whose phase does to `rows` rows, one after the other, what another one does to one: what is the same for
/// all rows is read once, and sums over rows are in memory only before the first and after the last of them.
struct Unrolled {
  Program program;
  int rows = 1;
  std::vector<std::uint16_t> first;  // for each pointer of the other program its pointer for the first row; full ones
                                     // have theirs for the other rows next to it
  /// Aliases of its pointers, from those of the other program.
  Aliases aliases(const Aliases& of_one) const;
};

/// Nothing for programs of which a row has numbers of its own, or is too much to have several in step.
std::optional<Unrolled> unrolled(const Program& program);

}  // namespace xgrad::fused
