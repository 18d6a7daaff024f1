#pragma once

// What a group reads and computes, and lists and sets of that, for lowering it.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <set>
#include <vector>

#include "autograd/engine/plan/fusion_groups.hpp"

namespace xgrad::fused {

// A node with an extent: what a group reads or computes. With an index it is one element of each row, in the column
// that the node `index` gives for the row: an element gathered from an elementwise value is the same operation on
// elements gathered from its operands, so that a gather costs nothing for the elements that it leaves out.
struct Instance {
  std::int32_t node;
  Extent as;
  std::int32_t index = -1;
  friend auto operator<=>(const Instance&, const Instance&) = default;

  bool has_columns() const { return index < 0 && (as == Extent::full || as == Extent::per_column); }
};

// Memory for the lists and sets of a group, which gives all of it back at once when the group is lowered.
using InstanceMemory = std::pmr::monotonic_buffer_resource;
using InstanceSet = std::pmr::set<Instance>;
template <class Value>
using InstanceMap = std::pmr::map<Instance, Value>;

// Instances that are still to be looked at, from the last to the first; one may be taken more than once.
class OpenInstances {
 public:
  explicit OpenInstances(InstanceMemory& memory) : heap_(&memory) {}
  bool empty() const { return heap_.empty(); }
  void add(const Instance& instance) {
    heap_.push_back(instance);
    std::push_heap(heap_.begin(), heap_.end());
  }
  void add(const InstanceSet& all) {
    for (const Instance& instance : all) add(instance);
  }
  Instance take() {
    std::pop_heap(heap_.begin(), heap_.end());
    const Instance last = heap_.back();
    heap_.pop_back();
    return last;
  }

 private:
  std::pmr::vector<Instance> heap_;
};

// What an instance is computed from.
class Operands {
 public:
  void add(const Instance& instance) { all_[size_++] = instance; }
  std::size_t size() const { return size_; }
  const Instance* begin() const { return all_; }
  const Instance* end() const { return all_ + size_; }
  const Instance& operator[](std::size_t i) const { return all_[i]; }

 private:
  Instance all_[3] = {};
  std::size_t size_ = 0;
};

}  // namespace xgrad::fused
