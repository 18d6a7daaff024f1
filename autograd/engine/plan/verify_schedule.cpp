#include "autograd/engine/plan/verify_schedule.hpp"

#include <algorithm>
#include <limits>
#include <span>

namespace xgrad::fused {

namespace {

constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();

class ScheduleVerifier {
 public:
  ScheduleVerifier(std::span<const Work> tasks, std::span<const StoredValue> values, const Schedule& schedule)
      : tasks_(tasks),
        values_(values),
        schedule_(schedule),
        runs_(schedule.runs),
        memory_(values.size()),
        facts_(memory_) {}

  void run(std::size_t budget) {
    for (std::uint32_t task = 0; task < tasks_.size(); ++task) check_task(task);
    live_.reserve(runs_.size());
    grown_.reserve(runs_.size());
    look_ahead();
    for (now_ = 0; now_ < runs_.size(); ++now_) step();
    for (std::size_t v = 0; v < values_.size(); ++v)
      if (facts_[v].there != (values_[v].kept && !values_[v].leaf))
        violated("value", static_cast<std::int64_t>(v), "it is kept, but not left in the end, or the other way");
    peak();
    if (budget > 0) room(std::max(budget, schedule_.peak));
  }

 private:
  // 32 bits each, because there may be many values.
  struct Facts {
    std::uint32_t writer = never;       // the task
    std::uint32_t last_read = 0;        // the number of the last task run that reads it, from 1 on
    std::uint32_t read_at = never;      // the latest task run so far that has read it,
    std::uint32_t written_at = never;   // written it,
    std::uint32_t released_at = never;  // released it,
    std::uint32_t taken_at = never;     // or given its memory to an output
    bool there = false;                 // in memory of its own
  };

  Facts& at(std::int32_t value) {
    if (static_cast<std::size_t>(value) >= facts_.size()) [[unlikely]]  // nor one below 0
      violated("schedule: there is no such value");
    return facts_[static_cast<std::size_t>(value)];
  }
  const StoredValue& stored(std::int32_t value) const { return values_[static_cast<std::size_t>(value)]; }
  const Work& work(const TaskRun& task_run) const { return tasks_[static_cast<std::size_t>(task_run.task)]; }
  [[noreturn]] void bad(const char* rule) const { violated("task run", static_cast<std::int64_t>(now_), rule); }

  void check_task(std::uint32_t task) {
    for (const std::int32_t value : tasks_[task].writes) {
      if (at(value).writer != never) violated("value", value, "two tasks write it");
      if (stored(value).leaf) violated("value", value, "a leaf is written");
      at(value).writer = task;
    }
    for (const std::int32_t value : tasks_[task].reads)
      if (at(value).writer == task) violated("value", value, "a task reads what it writes");
  }

  // Finds the last read of each leaf, and checks what `safe_from` promises.
  void look_ahead() {
    std::vector<char> seen(tasks_.size());
    if (schedule_.safe_from > runs_.size()) violated("schedule: leaves are overwritten after the last task run");
    for (now_ = 0; now_ < runs_.size(); ++now_) {
      const TaskRun& task_run = runs_[now_];
      if (static_cast<std::size_t>(task_run.task) >= tasks_.size()) bad("there is no such task");
      char& again = seen[static_cast<std::size_t>(task_run.task)];
      if (now_ >= schedule_.safe_from && (again || work(task_run).may_fail))
        bad("it may fail, or runs again, after leaves are overwritten");
      again = true;
      for (const std::int32_t value : work(task_run).reads) at(value).last_read = now_ + 1;
    }
  }

  void step() {
    const TaskRun& task_run = runs_[now_];
    const Work& task = work(task_run);
    if (task_run.is_epilogue) epilogue(task_run);
    for (const std::int32_t value : task.reads) {
      if (!stored(value).leaf && !at(value).there) bad("it reads what is not in memory");
      at(value).read_at = now_;
    }
    for (const std::int32_t value : task.writes) at(value).written_at = now_;
    for (const std::int32_t value : task_run.releases) {
      if (stored(value).leaf || at(value).released_at == now_) bad("it releases a leaf, or something twice");
      at(value).released_at = now_;
    }
    reuses(task_run, task);
    allocate(task_run, task);
  }

  void epilogue(const TaskRun& task_run) {
    if (now_ == 0 || runs_[now_ - 1].is_epilogue || work(runs_[now_ - 1]).epilogue != task_run.task)
      bad("it is no epilogue of the one before");
    for (const Reuse& reuse : task_run.reuses)
      if (at(reuse.input).read_at == now_ - 1) bad("it writes over what the one before reads");
    for (const std::int32_t value : work(task_run).writes)
      if (at(value).read_at == now_ - 1) bad("it writes what the one before reads");
  }

  void reuses(const TaskRun& task_run, const Work& task) {
    auto allowed = task.reuses.begin();
    for (const Reuse& reuse : task_run.reuses) {
      const Facts &input = at(reuse.input), &output = at(reuse.output);
      while (allowed != task.reuses.end() && (allowed->input != reuse.input || allowed->output != reuse.output))
        ++allowed;
      if (allowed == task.reuses.end()) bad("an output takes memory that its task does not allow it to take");
      ++allowed;
      if (output.written_at != now_ || input.read_at != now_) bad("what takes memory is no output, or from no input");
      if (stored(reuse.input).bytes != stored(reuse.output).bytes) bad("an output takes memory of another size");
      if (!stored(reuse.input).leaf) {
        if (input.released_at != now_) bad("an output takes the memory of what is not released");
        continue;
      }
      if (now_ < schedule_.safe_from) bad("a leaf is overwritten too early");
      if (input.last_read > now_ + 1 || stored(reuse.input).kept) bad("a leaf is overwritten that is read later");
    }
  }

  // Counts the memory that a task run adds, if no leaf gives its memory to an output.
  void allocate(const TaskRun& task_run, const Work& task) {
    live_.push_back(bytes_);
    for (const Reuse& reuse : task_run.reuses) {
      Facts &input = at(reuse.input), &output = at(reuse.output);
      if (stored(reuse.input).leaf || output.there || input.taken_at == now_) continue;
      input.taken_at = now_;
      output.there = true;
    }
    std::size_t grown = 0;
    for (const std::int32_t value : task.writes) {
      if (!at(value).there) grown += stored(value).bytes;
      at(value).there = true;
    }
    grown_.push_back(grown);
    bytes_ += grown;
    for (const std::int32_t value : task_run.releases) {
      if (!at(value).there) bad("it releases what is not in memory");
      at(value).there = false;
      if (at(value).taken_at != now_) bytes_ -= stored(value).bytes;
    }
  }

  void peak() {
    std::size_t most = 0;
    for (std::uint32_t i = 0; i < runs_.size(); ++i) {
      most = std::max(most, live_[i] + grown_[i]);
      now_ = i;
      if (runs_[i].is_epilogue && live_[i - 1] + grown_[i - 1] + grown_[i] > schedule_.peak)
        bad("it is an epilogue, and takes more memory than the peak");
    }
    const std::size_t task_run = schedule_.peak_run;
    const bool reached = task_run < runs_.size() && live_[task_run] + grown_[task_run] == most;
    if (schedule_.peak != most || (most > 0 && !reached)) violated("schedule: the peak is another one");
  }

  void room(std::size_t most) {
    std::size_t later = 0;
    for (now_ = static_cast<std::uint32_t>(runs_.size()); now_-- > schedule_.safe_from;) {
      later += grown_[now_];
      if (live_[now_] + later > most) bad("there is no room for all runs after leaves are overwritten");
    }
  }

  const std::span<const Work> tasks_;
  const std::span<const StoredValue> values_;
  const Schedule& schedule_;
  const std::span<const TaskRun> runs_;
  std::uint32_t now_ = 0;  // the task run
  std::size_t bytes_ = 0;
  std::vector<Facts> memory_;
  std::span<Facts> facts_;                 // by value
  std::vector<std::size_t> live_, grown_;  // by task run: bytes before it, and those that it adds
};

}  // namespace

void verify_schedule(const std::vector<Work>& tasks, const std::vector<StoredValue>& values, const Schedule& schedule,
                     std::size_t budget) {
  ScheduleVerifier(tasks, values, schedule).run(budget);
}

}  // namespace xgrad::fused
