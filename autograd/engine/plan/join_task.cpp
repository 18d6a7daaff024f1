#include "autograd/engine/plan/join_task.hpp"

#include <algorithm>
#include <utility>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/contains.hpp"
#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

namespace {

// Whether the program writes all elements of a value, one for each of its rows and columns.
bool writes(const ProgramTask& program, std::int32_t value) {
  const auto& nodes = program.lowered.pointers;
  const auto at = std::find(nodes.begin(), nodes.end(), value);
  if (at == nodes.end() || !contains(program.outputs, value)) return false;
  const Pointer& pointer = program.program->program().pointers[static_cast<std::size_t>(at - nodes.begin())];
  return pointer.shape == Pointer::Shape::full && !pointer.accumulator && !pointer.mask;
}

// Whether its rows may be divided in another way: it goes over elements, wherever they are.
bool is_flat(const ProgramTask& program) {
  const auto& pointers = program.program->program().pointers;
  return program.lowered.row_operands.empty() && program.program->parts() == Parts::any &&
         std::all_of(pointers.begin(), pointers.end(),
                     [](const Pointer& each) { return each.shape == Pointer::Shape::full && !each.accumulator; });
}

}  // namespace

JoinTask join_task(const Pending& pending, const FusionGroups& groups, std::int32_t node) {
  const Graph& graph = groups.graph();
  const Node& at = graph.nodes[node];
  JoinTask task{.node = node, .axis = pending.entries[at.entry]->primitive->lower().axis};
  for (std::size_t i = 0; i < at.inputs.size(); ++i) {
    const Movements* const movements = groups.requirements().joined(at, at.inputs[i]);
    task.operands.push_back(movements ? movements->memory : graph.storage(at.inputs[i]));
    task.shapes.push_back(pending.entries[at.entry]->input(i).shape());
    if (movements) task.moved.push_back({i, *movements});
  }
  return task;
}

void finish_join(Task& task) {
  auto* join = std::get_if<JoinTask>(&task);
  if (join == nullptr) return;
  std::reverse(join->programs.begin(), join->programs.end());
  if (join->moved.empty() && join->programs.empty())
    task = KernelTask{join->node, std::move(join->operands), std::move(join->shapes)};
}

JoinedPrograms::JoinedPrograms(const FusionGroups& groups, const std::vector<Result>& results, std::vector<Task>& tasks)
    : groups_(groups), tasks_(tasks) {
  const Graph& graph = groups.graph();
  if (std::none_of(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) { return node.joins; })) return;
  readers_.resize(graph.nodes.size());
  join_.assign(graph.nodes.size(), -1);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (!groups.requirements()[static_cast<std::int32_t>(i)].used || node.leaf || node.kind == Lowering::Kind::alias)
      continue;
    for (const std::int32_t input : node.inputs) ++readers_[graph.storage(input)];
    if (const Movements* moves = graph.movements(static_cast<std::int32_t>(i))) ++readers_[moves->memory];
  }
  if (planted("what an entry gets is only joined")) return;
  for (const std::int32_t root : graph.roots) readers_[graph.storage(root)] += 2;
  for (const Result& result : results) readers_[result.node] += 2;
}

bool JoinedPrograms::take(Task& task) {
  if (readers_.empty()) return false;
  if (const auto* join = std::get_if<JoinTask>(&task)) note(*join);
  auto* program = std::get_if<ProgramTask>(&task);
  JoinTask* const join = program ? join_of(*program) : nullptr;
  constexpr std::size_t most_programs = 64;  // each looks through all that is joined for what it writes
  if (join == nullptr || join->programs.size() >= most_programs || !fits(*program, *join)) return false;
  join->programs.push_back(std::move(*program));
  return true;
}

void JoinedPrograms::note(const JoinTask& join) {
  auto view = join.moved.begin();  // in the order of the operands
  for (std::size_t i = 0; i < join.operands.size(); ++i) {
    const bool moved = view != join.moved.end() && view->factor == i;
    if (moved) ++view;
    const std::int32_t node = join.operands[i];
    if (!moved && (readers_[node] == 1 || planted("what others read, too, is written where it is joined")))
      join_[node] = static_cast<std::int32_t>(tasks_.size());
  }
}

// The join that reads all that the program writes, or null.
JoinTask* JoinedPrograms::join_of(const ProgramTask& program) {
  const std::int32_t task = join_[program.outputs[0]];
  for (const std::int32_t output : program.outputs)
    if (join_[output] != task) return nullptr;
  return task < 0 ? nullptr : &std::get<JoinTask>(tasks_[static_cast<std::size_t>(task)]);
}

// Whether no more than one computed value has to be kept until the join, which takes no more memory than a result
// would; and no product, because the program may rather run on the parts of that.
bool JoinedPrograms::reads_little(const ProgramTask& program) const {
  int computed = 0;
  for (const std::int32_t node : program.lowered.pointers) {
    if (node < 0 || groups_.graph().nodes[node].leaf || writes(program, node)) continue;
    if (groups_.graph().nodes[node].kind == Lowering::Kind::contraction) return false;
    ++computed;
  }
  return computed <= 1;
}

// Whether the program can write where its results are joined; sets its rows and columns to those of the join.
bool JoinedPrograms::fits(ProgramTask& program, const JoinTask& join) const {
  const Program& code = program.program->program();
  const std::int64_t rows = join.rows(), elements = program.rows * program.columns;
  const bool plain = program.checks.empty() && program.bands == 1 && code.element_stores.empty() &&
                     code.row_stores.empty() && code.dtype == groups_.graph().nodes[join.node].dtype;
  if (!plain || elements == 0 || !reads_little(program)) return false;
  for (const std::int32_t output : program.outputs)
    if (!writes(program, output)) return false;
  if (rows == 1) return true;
  const std::int64_t columns = is_flat(program) ? elements / rows : program.columns;
  if (columns < narrow_columns || rows * columns != elements) return false;
  program.rows = rows;
  program.columns = columns;
  return true;
}

}  // namespace xgrad::fused
