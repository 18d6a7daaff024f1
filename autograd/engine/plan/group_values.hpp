#pragma once

// Which values a group computes, in which phase, and which it reads.

#include <vector>

#include "autograd/engine/plan/instances.hpp"

namespace xgrad::fused {

/// The values that the outputs of a group depend on, down to those that it reads from memory.
class GroupValues {
 public:
  struct Facts {
    bool computed = false;   // by this group; else read
    std::int32_t level = 0;  // how many reductions along the row it depends on in turn: its phase
    Operands operands{};
  };

  GroupValues(const FusionGroups& groups, std::int32_t group, const std::vector<bool>& stored, InstanceMemory& memory);

  const Node& node(const Instance& instance) const { return graph_.nodes[instance.node]; }
  bool reduces(const Instance& instance) const { return node(instance).kind == Lowering::Kind::reduction; }

  InstanceMap<Facts> facts;         // in tape order
  InstanceSet outputs;              // the values that are stored
  InstanceSet zero;                 // scatters that count as zeros in their rows (see find_placed)
  InstanceSet elements;             // scattered elements of outputs, stored after the row
  std::vector<std::int32_t> reads;  // values of other groups that are read from memory

 private:
  bool operands_of(const Instance& instance, Operands& operands) const;
  bool is_cheap_elsewhere(const Instance& instance) const;
  bool computes_again(const Instance& instance) const;
  bool is_computed(const Instance& instance) const;
  void collect(const InstanceSet& wanted);
  void add_read(std::int32_t node);
  void find_placed();
  void number_levels();

  const FusionGroups& groups_;
  const Requirements& requirements_;
  const Graph& graph_;
  std::int32_t group_;
  InstanceMemory& memory_;
};

}  // namespace xgrad::fused
