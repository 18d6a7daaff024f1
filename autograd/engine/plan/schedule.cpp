#include "autograd/engine/plan/schedule.hpp"

#include <algorithm>
#include <utility>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/contains.hpp"

namespace xgrad::fused {

namespace {

class Layout {
 public:
  Layout(const std::vector<Work>& tasks, const std::vector<StoredValue>& values) : tasks_(tasks), values_(values) {}

  Schedule run(const std::vector<std::int32_t>& order, std::size_t budget) {
    for (const std::int32_t task : order) result_.runs.push_back({task});
    find_safe_from(order);
    find_ends();
    simulate();
    if (budget > 0) leave_room(std::max(budget, result_.peak));
    find_epilogues();
    return std::move(result_);
  }

 private:
  enum class Event : std::uint8_t { none, read, write };

  const Work& work(const TaskRun& task_run) const { return tasks_[static_cast<std::size_t>(task_run.task)]; }

  // Nothing is overwritten before the last task run that may fail, nor before the last repeated one, which allocates
  // again.
  void find_safe_from(const std::vector<std::int32_t>& order) {
    std::vector<char> seen(tasks_.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      const auto task = static_cast<std::size_t>(order[i]);
      if (tasks_[task].may_fail || (seen[task] && !planted("leaves are overwritten before a task runs again")))
        result_.safe_from = i + 1;
      seen[task] = true;
    }
  }

  // Goes from the last task run to the first and remembers what happens next to each value: it is released, or its
  // memory reused, where nothing reads it any more.
  void find_ends() {
    std::vector<Event> next(values_.size(), Event::none);
    for (std::size_t i = result_.runs.size(); i-- > 0;) {
      TaskRun& task_run = result_.runs[i];
      const Work& at = work(task_run);
      const auto ends = [&](std::int32_t node) {
        return next[node] == Event::write ||
               (next[node] == Event::none &&
                (!values_[node].kept || planted("what is kept ends with its last reader")));
      };
      for (const Reuse& reuse : at.reuses)
        if (ends(reuse.input) && (!values_[reuse.input].leaf || i >= result_.safe_from ||
                                  planted("leaves are overwritten before a task that may fail")))
          task_run.reuses.push_back(reuse);
      for (const auto* nodes : {&at.reads, &at.writes})
        for (const std::int32_t node : *nodes)
          if (ends(node) && !values_[node].leaf) task_run.releases.push_back(node);
      std::sort(task_run.releases.begin(), task_run.releases.end());
      task_run.releases.erase(std::unique(task_run.releases.begin(), task_run.releases.end()), task_run.releases.end());
      for (const std::int32_t node : at.writes) next[node] = Event::write;
      for (const std::int32_t node : at.reads)
        next[node] = planted("a value ends with its first reader") ? next[node] : Event::read;
    }
  }

  void simulate() {
    std::vector<char> alive(values_.size());
    std::vector<std::int32_t> taken;
    std::size_t live = 0;
    for (std::size_t i = 0; i < result_.runs.size(); ++i) {
      const TaskRun& task_run = result_.runs[i];
      taken.clear();
      live_.push_back(live);
      for (const Reuse& reuse : task_run.reuses) {
        if (values_[reuse.input].leaf || alive[reuse.output] || contains(taken, reuse.input)) continue;
        taken.push_back(reuse.input);
        alive[reuse.output] = true;
      }
      std::size_t grown = 0;
      for (const std::int32_t node : work(task_run).writes)
        if (!std::exchange(alive[node], true)) grown += values_[node].bytes;
      live += grown;
      grown_.push_back(grown);
      if (live > result_.peak) {
        result_.peak = live;
        result_.peak_run = i;
      }
      for (const std::int32_t node : task_run.releases) {
        alive[node] = false;
        if (!contains(taken, node) || planted("memory that was taken over counts as given back"))
          live -= values_[node].bytes;
      }
    }
  }

  // From `safe_from` on, the memory of all later task runs is allocated before the first leaf is overwritten. Moves
  // `safe_from` back until that fits.
  void leave_room(std::size_t most) {
    std::size_t later = 0;
    for (std::size_t i = result_.runs.size(); i-- > result_.safe_from;) {
      later += grown_[i];
      if (live_[i] + later > most) result_.safe_from = i + 1;
    }
    for (std::size_t i = 0; i < result_.safe_from; ++i)
      std::erase_if(result_.runs[i].reuses, [&](const Reuse& reuse) { return values_[reuse.input].leaf; });
  }

  // Makes a task run the epilogue of the one before it where both together stay below the peak and the epilogue does
  // not overwrite what the product reads.
  void find_epilogues() {
    for (std::size_t i = 0; i + 1 < result_.runs.size(); ++i) {
      const TaskRun& task_run = result_.runs[i];
      TaskRun& next = result_.runs[i + 1];
      const Work& at = work(task_run);
      if (task_run.is_epilogue || next.task != at.epilogue ||
          (live_[i] + grown_[i] + grown_[i + 1] > result_.peak &&
           !planted("an epilogue joins whatever memory it takes")))
        continue;
      next.is_epilogue = std::none_of(next.reuses.begin(), next.reuses.end(), [&](const Reuse& reuse) {
        return contains(at.reads, reuse.input) && !planted("an epilogue writes over what its product reads");
      });
    }
  }

  const std::vector<Work>& tasks_;
  const std::vector<StoredValue>& values_;
  std::vector<std::size_t> live_, grown_;  // by task run: what is in memory before it, and what it adds
  Schedule result_;
};

}  // namespace

Schedule lay_out(const std::vector<Work>& tasks, const std::vector<StoredValue>& values,
                 const std::vector<std::int32_t>& order, std::size_t budget) {
  return Layout(tasks, values).run(order, budget);
}

}  // namespace xgrad::fused
