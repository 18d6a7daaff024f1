#pragma once

#include <vector>

#include "autograd/engine/graph/pending.hpp"

namespace xgrad::fused {

/// For each leaf, whether its memory may be overwritten once the plan has read it: it is donated, and no handle to it
/// is left when the plan has run, neither somebody's own nor one in an entry that stays. `evaluated` says which of the
/// pending entries the plan gives a value. Entries and leaves have their numbers (see Inputs).
std::vector<char> overwritable(const Pending& pending, const std::vector<Entry*>& leaves,
                               const std::vector<char>& evaluated);

}  // namespace xgrad::fused
