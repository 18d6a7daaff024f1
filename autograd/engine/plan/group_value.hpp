#pragma once

// Values as a group reads or computes them, and containers for them.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <set>
#include <vector>

#include "autograd/engine/plan/fusion_groups.hpp"

namespace xgrad::fused {

// A node with an extent: a value that a group reads or computes. With an index it is one element of each row, in the
// column that the node `index` gives for that row. An element gathered from an elementwise value is the operation on
// elements gathered from its operands, so elements that no gather reads are not computed.
struct GroupValue {
  std::int32_t node;
  Extent as;
  std::int32_t index = -1;
  friend auto operator<=>(const GroupValue&, const GroupValue&) = default;

  bool has_columns() const { return index < 0 && (as == Extent::full || as == Extent::per_column); }
};

// Memory for the containers of one group, freed at once when the group is lowered.
using GroupValueMemory = std::pmr::monotonic_buffer_resource;
using GroupValueSet = std::pmr::set<GroupValue>;
template <class Value>
using GroupValueMap = std::pmr::map<GroupValue, Value>;

// A work list of values, which gives the latest node first; the same value may come more than once.
class OpenGroupValues {
 public:
  explicit OpenGroupValues(GroupValueMemory& memory) : heap_(&memory) {}
  bool empty() const { return heap_.empty(); }
  void add(const GroupValue& value) {
    heap_.push_back(value);
    std::push_heap(heap_.begin(), heap_.end());
  }
  void add(const GroupValueSet& all) {
    for (const GroupValue& value : all) add(value);
  }
  GroupValue take() {
    std::pop_heap(heap_.begin(), heap_.end());
    const GroupValue last = heap_.back();
    heap_.pop_back();
    return last;
  }

 private:
  std::pmr::vector<GroupValue> heap_;
};

// The operands of a value, in the order of the node's inputs.
class Operands {
 public:
  void add(const GroupValue& value) { all_[size_++] = value; }
  std::size_t size() const { return size_; }
  const GroupValue* begin() const { return all_; }
  const GroupValue* end() const { return all_ + size_; }
  const GroupValue& operator[](std::size_t i) const { return all_[i]; }

 private:
  GroupValue all_[3] = {};
  std::size_t size_ = 0;
};

}  // namespace xgrad::fused
