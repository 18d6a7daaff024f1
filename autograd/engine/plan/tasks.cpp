#include "autograd/engine/plan/tasks.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/join_task.hpp"
#include "autograd/engine/programs/violation.hpp"
#include "autograd/engine/rows/shared_programs.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

/// A task, and the nodes that have to be stored for it.
struct TaskAndReads {
  Task task;
  std::vector<std::int32_t> reads;
};

// The program of a group; nothing if none of its members is stored, because readers compute them again.
std::optional<TaskAndReads> program_task(const Pending& pending, const FusionGroups& groups, std::int32_t index,
                                         const std::vector<bool>& stored) {
  const Graph& graph = groups.graph();
  const FusionGroup& group = groups.groups[index];
  LoweredGroup lowered = lower(groups, index, stored);
  ProgramTask task{.rows = group.rows,
                   .columns = group.columns,
                   .bands = std::max<std::int64_t>(1, group.bands),
                   .lowered = std::move(lowered.lowered)};
  for (const std::int32_t member : group.members) {
    if (stored[member]) task.outputs.push_back(member);
    const Node& node = graph.nodes[member];
    if (node.kind == Kind::gather || node.kind == Kind::scatter)
      task.checks.push_back(
          {member, graph.storage(node.inputs[1]), pending.entries[node.entry]->input(1).shape(), node.columns});
  }
  if (task.outputs.empty()) return {};
  task.program = shared_program(task.lowered.program);
  task.lowered.program = {};
  return TaskAndReads{std::move(task), std::move(lowered.reads)};
}

KernelTask kernel_task(const Pending& pending, const Graph& graph, std::int32_t node) {
  KernelTask task{.node = node};
  const Node& at = graph.nodes[node];
  for (std::size_t i = 0; i < at.inputs.size(); ++i) {
    task.operands.push_back(graph.storage(at.inputs[i]));
    task.shapes.push_back(pending.entries[at.entry]->input(i).shape());
  }
  return task;
}

std::optional<TaskAndReads> task_of(const Pending& pending, const FusionGroups& groups, std::int32_t index,
                                    const std::vector<bool>& stored) {
  const FusionGroup& group = groups.groups[index];
  if (group.kind == FusionGroup::Kind::program) return program_task(pending, groups, index, stored);
  if (group.kind == FusionGroup::Kind::product) {
    ProductTask task = product_task(groups, group.members[0]);
    std::vector<std::int32_t> reads = task.operands;
    return TaskAndReads{std::move(task), std::move(reads)};
  }
  const Node& node = groups.graph().nodes[group.members[0]];
  if (node.joins && is_floating(node.dtype)) {
    JoinTask task = join_task(pending, groups, group.members[0]);
    std::vector<std::int32_t> reads = task.operands;
    return TaskAndReads{std::move(task), std::move(reads)};
  }
  KernelTask task = kernel_task(pending, groups.graph(), group.members[0]);
  std::vector<std::int32_t> reads = task.operands;
  return TaskAndReads{std::move(task), std::move(reads)};
}

}  // namespace

std::span<const std::int32_t> outputs(const Task& task) {
  if (const auto* program = std::get_if<ProgramTask>(&task)) return program->outputs;
  if (const auto* product = std::get_if<ProductTask>(&task)) return {&product->node, 1};
  if (const auto* join = std::get_if<JoinTask>(&task)) return {&join->node, 1};
  return {&std::get<KernelTask>(task).node, 1};
}

// Decides which values are stored: those that have to be in memory, that an entry gets, or that a later group reads.
// Only lowering a group tells what it reads, because it computes cheap values of other groups again; and how it is
// lowered depends on which of its members are stored. So groups are lowered from the last to the first: all readers of
// a group are lowered before it.
Tasks::Tasks(const Pending& pending, const FusionGroups& groups) {
  std::vector<bool> stored = find_results(pending, groups);
  tasks.reserve(groups.groups.size());
  JoinedPrograms joined(groups, results, tasks);
  for (auto group = static_cast<std::int32_t>(groups.groups.size()); group-- > 0;) {
    auto found = task_of(pending, groups, group, stored);
    if (!found) continue;
    for (const std::int32_t node : found->reads) stored[node] = true;
    if (!joined.take(found->task)) tasks.push_back(std::move(found->task));
  }
  std::reverse(tasks.begin(), tasks.end());
  for (Task& task : tasks) finish_join(task);
  number_moved();

  memory.reserve(groups.graph().nodes.size());
  for (const Node& node : groups.graph().nodes)
    memory.push_back({static_cast<std::size_t>(node.numel) * item_size(node.dtype), node.leaf ? node.argument : -1,
                      node.entry, node.dtype, node.kind == Kind::constant ? node.argument : -1});
}

// Numbers the views of all tasks, in the order in which a run finds where they lie.
void Tasks::number_moved() {
  std::size_t moved = 0;
  const auto number = [&](auto& task, std::size_t count) { task.first_moved = std::exchange(moved, moved + count); };
  for (Task& task : tasks)
    if (auto* program = std::get_if<ProgramTask>(&task)) {
      number(*program, program->lowered.moved.size());
    } else if (auto* product = std::get_if<ProductTask>(&task)) {
      number(*product, product->moved.size());
    } else if (auto* join = std::get_if<JoinTask>(&task)) {
      number(*join, join->moved.size());
      for (ProgramTask& each : join->programs) number(each, each.lowered.moved.size());
    }
}

// Finds the entries that get a value: roots, and expensive values that a later backward pass may read. Returns which
// nodes are stored for that, or because they have to be in memory.
std::vector<bool> Tasks::find_results(const Pending& pending, const FusionGroups& groups) {
  const Graph& graph = groups.graph();
  std::vector<bool> stored(graph.nodes.size());
  std::vector<char> is_root(graph.nodes.size());
  for (std::size_t i = 0; i < stored.size(); ++i)
    stored[i] = groups.requirements()[static_cast<std::int32_t>(i)].materialised;
  for (const std::int32_t root : graph.roots) is_root[root] = true;
  for (std::size_t i = 0; i < pending.entries.size(); ++i) {
    const Entry& entry = *pending.entries[i];
    const std::int32_t node = graph.storage(graph.of_entry[i]);
    const Node& at = graph.nodes[node];
    const bool again = (at.cheap || at.is_mask) && !ends_checkpoint(entry);
    const bool keep = may_be_wanted(entry) && groups.requirements()[node].used && groups.group_of[node] >= 0 && !again;
    if (keep) stored[node] = true;
    const bool root = is_root[graph.of_entry[i]];
    if (!keep && !root) continue;
    if (at.numel != entry.shape.numel() || at.dtype != entry.dtype) violated("an entry is given the value of another");
    results.push_back({static_cast<std::int32_t>(i), node, root});
  }
  return stored;
}

}  // namespace xgrad::fused
