// Verifies a plan before it runs for the first time.

#include "autograd/engine/plan/plan.hpp"
#include "autograd/engine/plan/verify_schedule.hpp"
#include "autograd/engine/plan/verify_tasks.hpp"

namespace xgrad::fused {

void Plan::verify(const std::vector<Work>& works, const std::vector<Held>& values, std::size_t budget) const {
  if (verification() == Verification::never) return;
  if (verification() == Verification::reject) violated("plan: a test asked for it");
  std::vector<Bound> tasks;
  tasks.reserve(tasks_.size());
  for (const Task& task : tasks_) {
    Bound& bound = tasks.emplace_back();
    bound.operands = task.operands;
    for (const Indices& indices : task.indices) bound.checked.push_back(indices.held);
    if (task.kind == Unit::Kind::product) bound.product = &task.product;
    if (task.kind != Unit::Kind::program) continue;
    bound.lowered = &task.lowered;
    bound.rows = task.rows;
    bound.columns = task.columns;
    bound.parts = task.program->parts();
  }
  verify_tasks(tasks, works, memory_);
  verify_schedule(works, values, schedule_, budget);
}

}  // namespace xgrad::fused
