#pragma once

// Which values a group computes, in which phase, and which it reads.

#include <vector>

#include "autograd/engine/plan/group_value.hpp"

namespace xgrad::fused {

/// The values that the outputs of a group depend on, down to those that it reads from memory.
class GroupValues {
 public:
  struct Facts {
    bool computed = false;   // by this group; else read
    std::int32_t level = 0;  // how many reductions along the row it depends on in turn: its phase
    Operands operands{};
  };

  GroupValues(const FusionGroups& groups, std::int32_t group, const std::vector<bool>& stored,
              GroupValueMemory& memory);

  const Node& node(const GroupValue& value) const { return graph_.nodes[value.node]; }
  bool reduces(const GroupValue& value) const { return node(value).kind == Lowering::Kind::reduction; }

  GroupValueMap<Facts> facts;       // in tape order
  GroupValueSet outputs;            // the values that are stored
  GroupValueSet zero;               // scatters that count as zeros in their rows (see find_scattered)
  GroupValueSet elements;           // scattered elements of outputs, stored after the row
  std::vector<std::int32_t> reads;  // values of other groups that are read from memory

 private:
  bool operands_of(const GroupValue& value, Operands& operands) const;
  bool is_cheap_elsewhere(const GroupValue& value) const;
  bool computes_again(const GroupValue& value) const;
  bool is_computed(const GroupValue& value) const;
  void collect(const GroupValueSet& wanted);
  void add_read(std::int32_t node);
  void find_scattered();
  void number_levels();

  const FusionGroups& groups_;
  const Requirements& requirements_;
  const Graph& graph_;
  std::int32_t group_;
  GroupValueMemory& memory_;
};

}  // namespace xgrad::fused
