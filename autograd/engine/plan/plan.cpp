#include "autograd/engine/plan/plan.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/rematerialise.hpp"
#include "autograd/engine/plan/verify_grouping.hpp"
#include "autograd/engine/plan/works.hpp"

namespace xgrad::fused {

namespace {

std::atomic<std::int64_t> made{0};

Tasks make_tasks(const Pending& pending, const Inputs& inputs) {
  ++made;
  const Graph graph = graph_of(pending, inputs);
  const Requirements requirements(graph);
  const FusionGroups groups(requirements);
  verify_grouping(groups);
  return Tasks(pending, groups);
}

std::size_t bytes_of(const std::vector<std::int32_t>& list) { return list.size() * sizeof(std::int32_t); }

std::size_t bytes_of(const ProgramTask& task) {
  const Lowered& lowered = task.lowered;
  return bytes_of(task.outputs) + bytes_of(lowered.pointers) + bytes_of(lowered.row_operands) +
         lowered.arguments.size() * sizeof(Argument) + task.checks.size() * sizeof(IndexCheck);
}

std::size_t bytes_of(const ProductTask& task) {
  std::size_t bytes = bytes_of(task.operands);
  for (const auto* offsets : {&task.offsets_a, &task.offsets_b, &task.offsets_c})
    if (const Offsets* at = offsets->get())
      bytes += (at->batches.size() + at->rows.size() + at->columns.size()) * sizeof(std::int64_t);
  return bytes;
}

std::size_t bytes_of(const KernelTask& task) { return bytes_of(task.operands) + task.shapes.size() * sizeof(Shape); }

std::size_t bytes_of(const JoinTask& task) {
  std::size_t bytes =
      bytes_of(task.operands) + task.shapes.size() * sizeof(Shape) + task.moved.size() * sizeof(MovedFactor);
  for (const ProgramTask& program : task.programs) bytes += sizeof(ProgramTask) + bytes_of(program);
  return bytes;
}

}  // namespace

std::int64_t plans_made() { return made; }

Plan::Plan(const Pending& pending, const Inputs& inputs, std::size_t budget)
    : tasks(make_tasks(pending, inputs)), results(tasks.results), evaluated(pending.entries.size()) {
  make_schedule(budget);
  std::vector<char> given(tasks.memory.size());
  for (std::size_t i = results.size(); i-- > 0;) {
    evaluated[static_cast<std::size_t>(results[i].entry)] = true;
    results[i].last =
        !std::exchange(given[results[i].node], true) || planted("memory is handed over to the first of its owners");
  }
}

std::vector<StoredValue> Plan::values() const {
  std::vector<StoredValue> values;
  values.reserve(tasks.memory.size());
  for (const Memory& memory : tasks.memory) values.push_back({memory.bytes, memory.leaf >= 0});
  for (const Result& result : results) values[result.node].kept = !planted("what an entry gets is given back");
  return values;
}

// Where the budget is too small, no value is kept for a later backward pass.
void Plan::make_schedule(std::size_t budget) {
  const std::vector<Work> works = works_of(tasks);
  std::vector<StoredValue> stored = values();
  schedule = lay_out(works, stored, order_of(tasks, works), budget);
  if (budget > 0 && schedule.peak > budget) {
    std::erase_if(results, [](const Result& result) { return !result.root; });
    stored = values();
    schedule = lay_out(works, stored, order_within(works, stored, budget), budget);
  }
  verify_plan(tasks, works, stored, schedule, budget);
}

std::size_t Plan::bytes() const {
  std::size_t bytes = sizeof(Plan) + tasks.memory.size() * (sizeof(Memory) + 1) +
                      (results.size() + tasks.results.size()) * sizeof(Result);
  for (const Task& task : tasks.tasks)
    bytes += sizeof(Task) + std::visit([](const auto& each) { return bytes_of(each); }, task);
  for (const TaskRun& run : schedule.runs)
    bytes += sizeof(TaskRun) + run.reuses.size() * sizeof(Reuse) + bytes_of(run.releases);
  return bytes;
}

}  // namespace xgrad::fused
