#pragma once

// The values that planning goes through for some Tensors, each to be looked at by itself.

#include <algorithm>
#include <vector>

#include "autograd/engine/plan/works.hpp"
#include "autograd/engine/run/plan_key.hpp"
#include "tests/autograd/engine/agreement.hpp"

namespace xgrad::fused::testing {

struct Stages {
  explicit Stages(const Roots& given, std::vector<Tensor> donations = {})
      : roots(given),
        donated(std::move(donations)),
        pending{entries_of(roots, numbers), numbers, held(roots), donated},
        key(pending, 0),
        graph(graph_of(pending, key.inputs())),
        requirements(graph),
        groups(requirements),
        tasks(pending, groups) {}
  Stages(const Stages&) = delete;
  Stages& operator=(const Stages&) = delete;

  /// The node that holds a pending Tensor.
  std::int32_t node(const Tensor& tensor) const {
    const auto at = std::find(pending.entries.begin(), pending.entries.end(), tensor.entry());
    REQUIRE(at != pending.entries.end());
    return graph.storage(graph.of_entry[static_cast<std::size_t>(at - pending.entries.begin())]);
  }
  const Node& at(const Tensor& tensor) const { return graph.nodes[static_cast<std::size_t>(node(tensor))]; }
  const Requirement& requirement(const Tensor& tensor) const { return requirements[node(tensor)]; }
  std::int32_t group(const Tensor& tensor) const { return groups.group_of[static_cast<std::size_t>(node(tensor))]; }
  /// How many groups of this kind there are.
  std::ptrdiff_t count(FusionGroup::Kind kind) const {
    return std::count_if(groups.groups.begin(), groups.groups.end(), [&](auto& group) { return group.kind == kind; });
  }
  /// The task that writes the value of a Tensor; -1 where it is not stored.
  std::int32_t task(const Tensor& tensor) const {
    for (std::size_t i = 0; i < tasks.tasks.size(); ++i)
      for (const std::int32_t output : outputs(tasks.tasks[i]))
        if (output == node(tensor)) return static_cast<std::int32_t>(i);
    return -1;
  }
  /// The program of the group of a Tensor, as it is lowered if the Tensors given are stored.
  LoweredGroup lowered(const Tensor& tensor, const Roots& stored) const {
    std::vector<bool> is_stored(graph.nodes.size());
    for (const Tensor& each : stored) is_stored[static_cast<std::size_t>(node(each))] = true;
    return lower(groups, group(tensor), is_stored);
  }

  Roots roots;
  std::vector<Tensor> donated;
  Numbering numbers;  // which holds until the next one is begun
  Pending pending;
  Key key;
  Graph graph;
  Requirements requirements;
  FusionGroups groups;
  Tasks tasks;

 private:
  static std::vector<Entry*> held(const Roots& roots) {
    std::vector<Entry*> entries;
    for (const Tensor& root : roots) entries.push_back(root.entry());
    return entries;
  }
  static std::vector<Entry*> entries_of(const Roots& roots, Numbering& numbers) {
    return reachable(held(roots), numbers, [](const Entry& entry) { return !entry.evaluated.load(); });
  }
};

}  // namespace xgrad::fused::testing
