#pragma once

// What is joined: views are copied from where they lie, and a program whose results are only joined writes them there.

#include "autograd/engine/plan/tasks.hpp"

namespace xgrad::fused {

/// The task of a join. Nothing is written by programs yet.
JoinTask join_task(const Pending& pending, const FusionGroups& groups, std::int32_t node);
/// Puts the programs of a join in order, when they are all there. A join without views and programs is left to its
/// reference kernel.
void finish_join(Task& task);

/// Gives programs to the joins that read them, while the tasks of a plan are made from the last to the first.
class JoinedPrograms {
 public:
  JoinedPrograms(const FusionGroups& groups, const std::vector<Result>& results, std::vector<Task>& tasks);

  /// Whether the task, a program, became part of a join among the tasks. Joins are noted, and are no part of others.
  bool take(Task& task);

 private:
  void note(const JoinTask& join);
  JoinTask* join_of(const ProgramTask& program);
  bool reads_little(const ProgramTask& program) const;
  bool fits(ProgramTask& program, const JoinTask& join) const;

  const FusionGroups& groups_;
  std::vector<Task>& tasks_;
  std::vector<std::int32_t> readers_;  // by node: how many read it; more than one for what an entry gets
  std::vector<std::int32_t> join_;     // by node: the join that alone reads it, or -1
};

}  // namespace xgrad::fused
