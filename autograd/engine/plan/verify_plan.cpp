// Verifies a plan before it runs for the first time.

#include "autograd/engine/plan/plan.hpp"
#include "autograd/engine/plan/verify_schedule.hpp"
#include "autograd/engine/plan/verify_tasks.hpp"

namespace xgrad::fused {

namespace {

Bound bound(const ProgramTask& task) {
  Bound bound{.program = &task.program->program(),
              .lowered = &task.lowered,
              .rows = task.rows,
              .columns = task.columns,
              .bands = task.bands,
              .parts = task.program->parts()};
  for (const IndexCheck& check : task.checks) bound.checked.push_back(check.held);
  return bound;
}
Bound bound(const ProductTask& task) {
  Bound bound{.product = &task.product, .operands = task.operands};
  for (const MovedFactor& each : task.moved) bound.moved[each.factor] = &each.movements;
  return bound;
}
Bound bound(const KernelTask& task) { return {.shapes = task.shapes, .operands = task.operands}; }
Bound bound(const JoinTask& task) {
  Bound all{.shapes = task.shapes, .operands = task.operands, .joins = true, .joined = task.moved, .axis = task.axis};
  for (const ProgramTask& program : task.programs) {
    all.programs.push_back(bound(program));
    all.programs.back().operands = program.outputs;
  }
  return all;
}

}  // namespace

void verify_plan(const Tasks& tasks, const std::vector<Work>& works, const std::vector<StoredValue>& values,
                 const Schedule& schedule, std::size_t budget) {
  if (verification() == Verification::never) return;
  if (verification() == Verification::reject) violated("plan: a test asked for it");
  std::vector<Bound> all;
  all.reserve(tasks.tasks.size());
  for (const Task& task : tasks.tasks) all.push_back(std::visit([](const auto& each) { return bound(each); }, task));
  verify_tasks(all, works, tasks.memory);
  verify_schedule(works, values, schedule, budget);
}

}  // namespace xgrad::fused
