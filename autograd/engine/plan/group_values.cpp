#include "autograd/engine/plan/group_values.hpp"

#include <algorithm>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/lower_group.hpp"

namespace xgrad::fused {

using Kind = Lowering::Kind;

GroupValues::GroupValues(const FusionGroups& groups, std::int32_t group, const std::vector<bool>& stored,
                         GroupValueMemory& memory)
    : facts(&memory),
      outputs(&memory),
      zero(&memory),
      elements(&memory),
      groups_(groups),
      requirements_(groups.requirements()),
      graph_(groups.graph()),
      group_(group),
      memory_(memory) {
  for (const std::int32_t member : groups.groups[group].members)
    if (stored[member]) outputs.insert({member, groups.extent_of[member]});
  collect(outputs);
  find_scattered();
  number_levels();
}

// Lists the operands that the group needs to compute this value. Returns whether its program can read or compute
// them all.
bool GroupValues::operands_of(const GroupValue& value, Operands& operands) const {
  const Node& n = node(value);
  for (std::size_t i = 0; i < n.inputs.size(); ++i) {
    const auto use = groups_.use_of_operand(value.node, i, value.as, groups_.groups[group_].columns);
    if (!use.fits) return false;
    const bool by_column = use.as == Extent::full || use.as == Extent::per_column;
    const std::int32_t index = n.kind == Kind::gather ? graph_.storage(n.inputs[1]) : value.index;
    operands.add({use.node, use.as, by_column ? index : -1});
  }
  return true;
}

bool GroupValues::is_cheap_elsewhere(const GroupValue& value) const {
  const Node& n = node(value);
  return !n.leaf && !requirements_[value.node].materialised && requirements_[value.node].kind == Kind::elementwise &&
         (n.cheap || n.is_mask);
}

// Whether the group computes a value of another group again instead of reading it: if it is cheap and costs at most one
// more read. A mask is always computed again, because it is not stored.
bool GroupValues::computes_again(const GroupValue& value) const {
  if (!is_cheap_elsewhere(value)) return false;
  const bool is_mask = node(value).is_mask;
  if (value.as == Extent::per_column || (value.as != Extent::full && !is_mask)) return is_mask;
  // At most a dozen values are seen, so a linear search is fastest.
  std::vector<GroupValue> seen{value}, open{value};
  std::size_t other_reads = 0;
  while (!open.empty()) {
    const GroupValue next = open.back();
    open.pop_back();
    Operands operands;
    if (!operands_of(next, operands)) return is_mask;
    for (const GroupValue& operand : operands) {
      if (std::find(seen.begin(), seen.end(), operand) != seen.end()) continue;
      seen.push_back(operand);
      if (facts.contains(operand) || node(operand).kind == Kind::constant || operand.as != Extent::full ||
          groups_.group_of[operand.node] == group_)
        continue;
      if (is_cheap_elsewhere(operand) && seen.size() < 12)
        open.push_back(operand);
      else
        ++other_reads;
    }
  }
  return is_mask || other_reads <= 1;
}

bool GroupValues::is_computed(const GroupValue& value) const {
  // An element of a row is computed if the row is, and read if the row is.
  if (value.index >= 0)
    if (const auto row = facts.find({value.node, value.as}); row != facts.end()) return row->second.computed;
  const Node& n = node(value);
  const bool member = groups_.group_of[value.node] == group_ && groups_.extent_of[value.node] == value.as;
  return !n.leaf && n.kind != Kind::constant && (requirements_[value.node].uniform || member || computes_again(value));
}

// Collects the wanted values and all that they need, from the last node to the first, so that consumers come before
// producers.
void GroupValues::collect(const GroupValueSet& wanted) {
  OpenGroupValues open(memory_);
  open.add(wanted);
  while (!open.empty()) {
    const GroupValue value = open.take();
    if (facts.contains(value)) continue;
    const Node& n = node(value);
    Facts found;
    found.computed = is_computed(value);
    if (found.computed && !operands_of(value, found.operands)) throw Unplanned();
    if (!found.computed && groups_.group_of[value.node] == group_) throw Unplanned();
    if (!found.computed && !n.leaf && n.kind != Kind::constant && !planted("what another group reads is not stored"))
      add_read(value.node);
    for (const GroupValue& operand : found.operands) open.add(operand);
    facts.emplace_hint(facts.begin(), value, found);
  }
}

void GroupValues::add_read(std::int32_t node) {
  const Movements* movements = requirements_.moved(node);
  const std::int32_t memory = movements ? movements->memory : node;
  if (!graph_.nodes[memory].leaf) reads.push_back(memory);
}

// Fuses a scatter along rows: the row is computed as if the scattered value were 0, and the one element that it goes to
// is computed separately and stored after the row. A reduction over such a row needs every element, so there the
// scatter is computed for all columns.
void GroupValues::find_scattered() {
  std::map<GroupValue, std::set<std::int32_t>> scattered;
  for (const auto& [value, found] : facts) {
    if (!found.computed || value.index >= 0) continue;
    std::set<std::int32_t> indices;
    for (const GroupValue& operand : found.operands)
      if (const auto at = scattered.find(operand); at != scattered.end())
        indices.insert(at->second.begin(), at->second.end());
    if (node(value).kind == Kind::scatter) indices.insert(graph_.storage(node(value).inputs[1]));
    if (indices.empty()) continue;
    if (reduces(value) && !planted("what is scattered into a row is left out of its sum")) return;
    scattered.emplace(value, std::move(indices));
  }
  for (const auto& [value, indices] : scattered) {
    if (node(value).kind == Kind::scatter) zero.insert(value);
    if (outputs.contains(value))
      for (const std::int32_t index : indices) elements.insert({value.node, value.as, index});
  }
  collect(elements);
}

void GroupValues::number_levels() {
  for (auto& [value, found] : facts) {
    for (const GroupValue& operand : found.operands) found.level = std::max(found.level, facts.at(operand).level);
    if (found.computed && reduces(value) && value.as == Extent::per_row &&
        !planted("a reduction is known in its own phase"))
      ++found.level;
  }
}

}  // namespace xgrad::fused
