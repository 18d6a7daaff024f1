#pragma once

// Finds entries that have the same value, so that it is computed once.

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/engine/graph/words.hpp"

namespace xgrad::fused {

/// The nodes of the entries so far, by what their values depend on: primitive, dtype, checkpoint, shape, arguments, and
/// the nodes they read.
class EqualEntries {
 public:
  explicit EqualEntries(std::size_t entries);

  /// The node of an earlier entry with the same value. Where there is none, it is -1, and the caller sets it.
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
