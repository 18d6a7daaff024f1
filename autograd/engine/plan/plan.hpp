#pragma once

// plan/: turns a graph into tasks, in order, with their memory.
//   in:  a graph and its roots, a memory budget.
//   out: a plan that is verified: programs, products and kernels, and which memory lives when.

#include <vector>

#include "autograd/engine/plan/schedule.hpp"
#include "autograd/engine/plan/tasks.hpp"

namespace xgrad::fused {

/// How pending entries of one structure are computed: tasks in order, and which memory lives when. Each value follows
/// from the one before: Graph, Requirements, FusionGroups, Tasks, Schedule.
struct Plan {
  /// Values take at most `budget` bytes at a time, where an order of tasks is found that keeps to it; 0 for no limit.
  Plan(const Pending& pending, const Inputs& inputs, std::size_t budget);

  /// About how many bytes the plan takes, without its programs, which others may share.
  std::size_t bytes() const;

  Tasks tasks;
  std::vector<Result> results;
  Schedule schedule;
  std::vector<char> evaluated;  // by pending entry: whether it gets a value

 private:
  std::vector<StoredValue> values() const;
  void make_schedule(std::size_t budget);
};

/// How many plans have been made.
std::int64_t plans_made();

/// Verifies what the tasks run on, and their schedule. Throws Unverified.
void verify_plan(const Tasks& tasks, const std::vector<Work>& works, const std::vector<StoredValue>& values,
                 const Schedule& schedule, std::size_t budget);

}  // namespace xgrad::fused
