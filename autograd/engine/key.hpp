#pragma once

#include <cstdint>
#include <vector>

#include "autograd/engine/executor.hpp"

namespace xgrad::fused {

/// The structure of pending entries: everything a plan depends on, and nothing else. Equal keys mean that a plan made
/// for one list of entries computes the other, with its own leaves and constants.
struct Key {
  explicit Key(const Pending& pending);

  std::vector<std::uint64_t> words;
  std::uint64_t hash = 0;
  std::vector<Entry*> leaves;  // what the entries read that has a value, in order of first use
};

/// Whether a later walk back may want the value of this entry. What a checkpoint computes is computed again.
inline bool may_be_wanted(const Entry& entry) { return entry.tracked && !entry.differentiated && entry.segment == 0; }
/// Whether it is the result of a checkpoint.
inline bool ends_checkpoint(const Entry& entry) {
  return entry.segment == 0 && entry.input_count == 1 && entry.inputs[0].entry()->segment != 0;
}

}  // namespace xgrad::fused
