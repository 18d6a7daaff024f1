#include <atomic>
#include <exception>
#include <optional>
#include <string>

#include "autograd/core/text.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/memory_budget.hpp"
#include "autograd/engine/plan/describe_plan.hpp"
#include "autograd/engine/plan/lower_group.hpp"
#include "autograd/engine/programs/violation.hpp"
#include "autograd/engine/run/executor.hpp"
#include "autograd/engine/run/parts_of_list.hpp"
#include "autograd/engine/run/plan_cache.hpp"

namespace xgrad {

namespace {

using fused::planted;

std::atomic<std::int64_t> parts_not_planned{0};

void run_part(const Pending& pending) {
  const std::size_t budget = memory_budget();
  const fused::Key key(pending, budget);
  std::optional<const fused::FoundPlan> plan;
  try {
    plan.emplace(pending, key, budget);
    plan->run(pending, key);
  } catch (const fused::Unplanned&) {
    ++parts_not_planned;
    return ReferenceExecutor().run(pending);
  } catch (const fused::Unverified& violation) {
    fused::report(violation);
    return ReferenceExecutor().run(pending);
  }
  for (Entry* entry : pending.entries)
    if (!entry->evaluated.load(std::memory_order_relaxed))
      entry->computed = entry->computed > 0 ? 2 : 1;
    else if (!entry->tracked || planted("an entry that is tracked is cut"))
      entry->cut();
}

}  // namespace

std::int64_t unplanned() { return parts_not_planned; }
std::int64_t violations() { return fused::violation_count(); }

void FusedExecutor::run(const Pending& pending) {
  fused::for_each_part(pending, [](const Pending& part) { run_part(part); });
}

std::string FusedExecutor::describe(const Pending& pending) {
  std::string text;
  std::int64_t number = 0;
  fused::for_each_part(pending, [&](const Pending& part) {
    const std::size_t budget = memory_budget();
    const fused::Key key(part, budget);
    const auto refuse = [&](const std::exception& refusal) {
      text += text_of(part.entries.size(), " entries by their reference kernels: ", refusal.what(), '\n');
    };
    try {
      text += fused::describe_plan(part, key.inputs(), budget, number);
    } catch (const fused::Unplanned& refusal) {
      refuse(refusal);
    } catch (const fused::Unverified& refusal) {
      refuse(refusal);
    }
  });
  return text;
}

}  // namespace xgrad
