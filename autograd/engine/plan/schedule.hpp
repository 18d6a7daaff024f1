#pragma once

// When the tasks of a plan run, and which memory lives when.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xgrad::fused {

/// An output that can take the memory of an input, if its task is the last reader of that.
struct Reuse {
  std::int32_t output;
  std::int32_t input;
};

/// What the schedule knows of a task. Values are given by number.
struct Work {
  std::vector<std::int32_t> reads{};
  std::vector<std::int32_t> writes{};
  std::vector<Reuse> reuses{};  // the possible ones
  double cost = 0;              // about how many operations it takes
  bool may_fail = false;
  std::int32_t epilogue = -1;  // the task that can run on the parts of what this one writes, as they are finished
};

/// What the schedule knows of a value.
struct StoredValue {
  std::size_t bytes = 0;
  bool leaf = false;  // in memory before and after the plan runs
  bool kept = false;  // in memory after the plan has run
};

/// One run of a task.
struct TaskRun {
  std::int32_t task;
  std::vector<std::int32_t> releases{};  // the values whose memory is freed after this run
  std::vector<Reuse> reuses{};
  /// Whether it is the epilogue of the task run before it: it runs on the parts of what that one writes, as they are
  /// finished. Both get their memory before, and release what they release afterwards.
  bool is_epilogue = false;
};

/// The task runs, the most memory that values take at a time, and the first of the task runs that take it.
struct Schedule {
  std::vector<TaskRun> runs;
  std::size_t peak = 0;
  std::size_t peak_run = 0;
  /// From this task run on nothing can fail, and the memory of all later ones together fits into the peak or `budget`.
  /// Donated leaves are overwritten only from here, so that an error leaves them intact.
  std::size_t safe_from = 0;
};

/// The schedule that runs tasks in this order, in which a task may stand several times. A value that a later run writes
/// again is released after its last reader before that.
Schedule lay_out(const std::vector<Work>& tasks, const std::vector<StoredValue>& values,
                 const std::vector<std::int32_t>& order, std::size_t budget);

}  // namespace xgrad::fused
