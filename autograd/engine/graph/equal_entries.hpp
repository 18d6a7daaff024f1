#pragma once

// Which entries are one value.

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/engine/graph/words.hpp"

namespace xgrad::fused {

/// The nodes of entries that were met, by what makes two entries the same value: primitive, dtype, checkpoint, shape,
/// arguments, and the nodes they read.
class EqualEntries {
 public:
  explicit EqualEntries(std::size_t entries);

  /// The node of an entry that has the same value, or a place for that of this one, which is -1 until it is there.
  std::int32_t& node_of(const Entry& entry, const std::vector<std::int32_t>& inputs);

 private:
  struct Slot {
    std::size_t begin = 0, size = 0;
    std::int32_t node = -1;
  };

  void describe(const Entry& entry, const std::vector<std::int32_t>& inputs);

  std::vector<Slot> slots_;  // a power of two, open addressing
  std::vector<std::uint64_t> room_;
  Words words_{room_};  // those of all entries, one after the other
};

}  // namespace xgrad::fused
