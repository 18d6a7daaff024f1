#pragma once

// plan/: turns a graph into tasks, in order, with their memory.
//   in:  a graph and its roots, a memory budget.
//   out: a plan that is verified: programs, products and kernels, and which memory lives when.

#include <vector>

#include "autograd/engine/plan/schedule.hpp"
#include "autograd/engine/plan/tasks.hpp"

namespace xgrad::fused {

/// What is done to compute pending entries of one structure: tasks in order, and which memory lives when. It is the end
/// of a chain of values, of which each follows from the one before: Graph, Requirements, FusionGroups, Tasks, Schedule.
struct Plan {
  /// Values take no more than so many bytes at a time, if that can be reached; 0 for any number.
  Plan(const Pending& pending, const Inputs& inputs, std::size_t budget);

  /// Roughly, the memory it takes, without programs that an earlier plan has brought along.
  std::size_t bytes() const;

  Tasks tasks;
  std::vector<Result> results;
  Schedule schedule;
  std::vector<char> evaluated;  // by pending entry: whether it gets a value

 private:
  std::vector<Held> values() const;
  void make_schedule(std::size_t budget);
};

/// How many plans have been made.
std::int64_t plans_made();

/// Verifies what the tasks run on, and their schedule. Throws Unverified.
void verify_plan(const Tasks& tasks, const std::vector<Work>& works, const std::vector<Held>& values,
                 const Schedule& schedule, std::size_t budget);

}  // namespace xgrad::fused
