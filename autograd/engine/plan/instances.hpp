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
struct Instance {
  std::int32_t node;
  Extent as;
  std::int32_t index = -1;
  friend auto operator<=>(const Instance&, const Instance&) = default;

  bool has_columns() const { return index < 0 && (as == Extent::full || as == Extent::per_column); }
};

// Memory for the containers of one group, freed at once when the group is lowered.
using InstanceMemory = std::pmr::monotonic_buffer_resource;
using InstanceSet = std::pmr::set<Instance>;
template <class Value>
using InstanceMap = std::pmr::map<Instance, Value>;

// A work list of instances, which gives the latest node first; the same instance may come more than once.
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

// The operands of an instance, in the order of the node's inputs.
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
