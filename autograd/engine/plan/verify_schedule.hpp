#pragma once

// Verifies when the tasks of a plan run, and which memory lives when, before the plan runs for the first time: follows
// what is in memory from task run to task run, as run() does it.
//
//   tasks    a value is a leaf, or one task writes it; no task reads what it writes
//   order    what a task run reads is a leaf, or was written before and not released since
//   release  what is released is in memory and no leaf; in the end just what is kept is left
//   reuse    an output takes the memory of an input of its own task, of the same size, where the task allows it. That
//            input is released in this task run; or it is a leaf, then no later task run reads it, nobody keeps it, and
//            the task run is not before `safe_from`. That holds for each reuse by itself, for which of them happen is
//            settled when the plan runs: a leaf only gives its memory if it was donated and nobody else can see it
//   epilogue the epilogue of a task run is the next one, and the task allows it; it neither overwrites what that one
//            reads nor takes its memory; both fit below the peak
//   safe     from `safe_from` on nothing may fail, no task runs that has run before, and, within a budget, there is
//            room for what all task runs from there on write
//   peak     is the most bytes that values take at a time

#include "autograd/engine/plan/schedule.hpp"
#include "autograd/engine/programs/violation.hpp"

namespace xgrad::fused {

/// Throws Unverified where a rule is broken, in time proportional to the size of the schedule.
void verify_schedule(const std::vector<Work>& tasks, const std::vector<StoredValue>& values, const Schedule& schedule,
                     std::size_t budget);

}  // namespace xgrad::fused
