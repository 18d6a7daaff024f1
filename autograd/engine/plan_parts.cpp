// Several plans as one: what an earlier one computes for a later one is an inner value like any other.

#include "autograd/engine/plan.hpp"

namespace xgrad::fused {

namespace {

void renumber(std::vector<std::int32_t>& nodes, const std::vector<std::int32_t>& numbers) {
  for (std::int32_t& node : nodes)
    if (node >= 0) node = numbers[node];
}

}  // namespace

Plan::Plan(std::vector<Part> parts, const std::vector<char>& asked, std::size_t budget) : evaluated_(asked.size()) {
  std::vector<std::int32_t> of_leaf, of_entry(asked.size(), -1);
  for (Part& part : parts) append(std::move(part), asked, of_leaf, of_entry);
  find_schedule(budget);
  for (const Result& result : results_) evaluated_[static_cast<std::size_t>(result.entry)] = true;
}

void Plan::append(Part part, const std::vector<char>& asked, std::vector<std::int32_t>& of_leaf,
                  std::vector<std::int32_t>& of_entry) {
  std::vector<std::int32_t> numbers;
  for (Memory memory : part.plan.memory_) {
    const std::int32_t leaf = memory.leaf < 0 ? 0 : part.leaves[memory.leaf];
    if (memory.leaf >= 0 && leaf >= 0 && of_leaf.size() <= static_cast<std::size_t>(leaf)) of_leaf.resize(leaf + 1, -1);
    if (leaf < 0) {
      numbers.push_back(of_entry[~leaf]);
    } else if (memory.leaf >= 0 && of_leaf[leaf] >= 0) {
      numbers.push_back(of_leaf[leaf]);
    } else {
      numbers.push_back(static_cast<std::int32_t>(memory_.size()));
      if (memory.leaf >= 0) of_leaf[leaf] = numbers.back();
      if (memory.leaf >= 0) memory.leaf = leaf;
      if (memory.entry >= 0) memory.entry = part.entries[memory.entry];
      memory_.push_back(memory);
    }
  }
  for (Task& task : part.plan.tasks_) {
    if (task.node >= 0) task.node = numbers[task.node];
    for (auto* nodes : {&task.lowered.pointers, &task.lowered.row_operands, &task.operands, &task.outputs})
      renumber(*nodes, numbers);
    for (Argument& argument : task.lowered.arguments)
      if (argument.node >= 0) argument.node = numbers[argument.node];
    for (Indices& indices : task.indices) indices = {numbers[indices.node], numbers[indices.held]};
    tasks_.push_back(std::move(task));
  }
  for (const Result& result : part.plan.results_) {
    const std::int32_t entry = part.entries[result.entry], node = numbers[result.node];
    if (result.root) of_entry[entry] = node;
    results_.push_back({entry, node, asked[static_cast<std::size_t>(entry)] != 0});
  }
}

}  // namespace xgrad::fused
