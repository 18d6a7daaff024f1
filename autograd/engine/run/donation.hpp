#pragma once

#include <vector>

#include "autograd/engine/graph/pending.hpp"

namespace xgrad::fused {

/// By leaf: whether its memory may be overwritten once the plan has read it. That is so if it is donated and no handle
/// to it is left after the plan has run, neither somebody's own nor one in an entry that stays. `evaluated` says which
/// pending entries get a value. Entries and leaves are numbered (see Inputs).
std::vector<char> overwritable(const Pending& pending, const std::vector<Entry*>& leaves,
                               const std::vector<char>& evaluated);

}  // namespace xgrad::fused
