// At the task run with the most memory, drops the values that free the most bytes for each operation that it takes to
// compute them again from what is in memory then. For a chain of equal layers this drops every other layer first, then
// every other one of those left, and so on.

#include "autograd/engine/plan/rematerialise.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "autograd/engine/cpu/fault.hpp"

namespace xgrad::fused {

namespace {

constexpr std::size_t most_rounds = 500;
constexpr std::size_t most_repetitions = 4;  // task runs per task, on average
constexpr std::size_t rounds_at_a_peak = 16;
constexpr std::size_t small_part = 4096;  // of the peak: values smaller than this part are not dropped

using Order = std::vector<std::int32_t>;

// A task that waits for others, and how many of its reads are known to be in memory.
struct Open {
  std::int32_t task;
  std::size_t seen = 0;

  // The next read that is not in memory; -1 if there is none.
  template <class Missing>
  std::int32_t next(const std::vector<std::int32_t>& reads, Missing missing) {
    while (seen < reads.size() && !missing(reads[seen])) ++seen;
    return seen < reads.size() ? reads[seen] : -1;
  }
};

class Rematerialisation {
 public:
  Rematerialisation(const std::vector<Work>& tasks, const std::vector<StoredValue>& values, const Order& order)
      : tasks_(tasks), values_(values), order_(order), of_(values.size()), seen_(tasks.size()) {
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (const std::int32_t node : tasks[order[i]].writes) {
        of_[node].producer = order[i];
        of_[node].written = i;
      }
      for (const std::int32_t node : tasks[order[i]].reads)
        if (of_[node].reads.empty() || of_[node].reads.back().at != i) of_[node].reads.push_back({i});
    }
  }

  /// The order of tasks, with those that run again for what was dropped.
  Order run() {
    runs_.clear();
    place_.clear();
    for (Value& value : of_) value.present = false, value.next = 0;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const std::size_t first = runs_.size();
      demand(order_[i]);
      place_.resize(runs_.size(), i);
      const Work& work = tasks_[order_[i]];
      for (const std::int32_t node : work.reads)
        while (!of_[node].over() && of_[node].reads[of_[node].next].at <= i) ++of_[node].next;
      for (std::size_t task_run = first; task_run < runs_.size(); ++task_run)
        for (const auto* nodes : {&tasks_[runs_[task_run]].reads, &tasks_[runs_[task_run]].writes})
          for (const std::int32_t node : *nodes)
            if (of_[node].over()) let_go(node);
      for (const auto* nodes : {&work.reads, &work.writes})
        for (const std::int32_t node : *nodes)
          if (!of_[node].over() && of_[node].reads[of_[node].next].dropped) let_go(node);
    }
    return runs_;
  }

  /// Drops values of about so many bytes that are in memory at the peak of the last run() but not read or written
  /// there. Returns whether there were any.
  bool drop(const Schedule& schedule, std::size_t bytes) {
    std::vector<std::int32_t> idle = idle_at_peak(schedule);
    std::size_t dropped = 0;
    while (dropped < bytes && !idle.empty()) {
      std::size_t best = 0;
      double score = 0;
      for (std::size_t i = 0; i < idle.size(); ++i)
        if (const double s = score_of(idle[i], score); s > score) score = s, best = i;
      const std::int32_t node = idle[best];
      next_read(node, now_)->dropped = !planted("what is dropped stays");
      dropped += values_[node].bytes;
      idle.erase(idle.begin() + static_cast<std::ptrdiff_t>(best));
    }
    return dropped > 0;
  }

 private:
  struct Read {
    std::size_t at;        // in the order
    bool dropped = false;  // whether it has to be computed again for this read
  };
  struct Value {
    std::int32_t producer = -1;
    std::size_t written = 0;
    std::vector<Read> reads{};
    std::size_t next = 0;  // the first of the reads that are still to come
    bool present = false;
    bool over() const { return next == reads.size(); }
  };

  void let_go(std::int32_t node) {
    if (!values_[node].kept || planted("what is kept is computed again")) of_[node].present = false;
  }

  // Appends the task, after those that have to run again for it. Not recursive, because chains may be deeper than any
  // stack.
  void demand(std::int32_t task) {
    std::vector<Open> open{{task}};
    while (!open.empty()) {
      const Work& work = tasks_[open.back().task];
      const std::int32_t missing = open.back().next(work.reads, [&](std::int32_t node) {
        return !values_[node].leaf && !of_[node].present &&
               !planted("what was dropped is read without being computed again");
      });
      if (missing >= 0) {
        open.push_back({of_[missing].producer});
        continue;
      }
      for (const std::int32_t node : work.writes) of_[node].present = true;
      runs_.push_back(open.back().task);
      open.pop_back();
    }
  }

  Read* next_read(std::int32_t node, std::size_t at) {
    std::vector<Read>& reads = of_[node].reads;
    const auto found = std::lower_bound(reads.begin(), reads.end(), at,
                                        [](const Read& read, std::size_t position) { return read.at < position; });
    return found == reads.end() ? nullptr : &*found;
  }

  // The values that are in memory at the peak only for a later read.
  std::vector<std::int32_t> idle_at_peak(const Schedule& schedule) {
    now_ = place_[schedule.peak_run];
    std::vector<char> alive(values_.size());
    for (std::size_t i = 0; i < schedule.peak_run; ++i) {
      for (const std::int32_t node : tasks_[schedule.runs[i].task].writes) alive[node] = true;
      for (const std::int32_t node : schedule.runs[i].releases) alive[node] = false;
    }
    const Work& peak = tasks_[schedule.runs[schedule.peak_run].task];
    for (const auto* nodes : {&peak.reads, &peak.writes})
      for (const std::int32_t node : *nodes) alive[node] = false;
    const std::size_t small = schedule.peak / small_part;
    std::vector<std::int32_t> idle;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const auto node = static_cast<std::int32_t>(i);
      if (!alive[i] || values_[i].kept || values_[i].bytes <= small || of_[i].written >= now_) continue;
      const Read* read = next_read(node, now_);
      if (read && read->at > now_ && !read->dropped) idle.push_back(node);
    }
    return idle;
  }

  bool is_there(std::int32_t node, std::size_t at) {
    if (values_[node].leaf || values_[node].kept) return true;
    const Read* read = next_read(node, at);
    return read && !read->dropped;
  }

  // The bytes that dropping the node frees for each operation of computing it again; stops early below `least`.
  double score_of(std::int32_t node, double least) {
    const std::size_t at = next_read(node, now_)->at;
    const auto bytes = static_cast<double>(values_[node].bytes);
    double cost = 0;
    ++walk_;
    open_ = {of_[node].producer};
    while (!open_.empty()) {
      const std::int32_t task = open_.back();
      open_.pop_back();
      if (std::exchange(seen_[task], walk_) == walk_) continue;
      cost += tasks_[task].cost;
      if (bytes <= least * cost) return 0;
      for (const std::int32_t read : tasks_[task].reads)
        if (!is_there(read, at)) open_.push_back(of_[read].producer);
    }
    return bytes / cost;
  }

  const std::vector<Work>& tasks_;
  const std::vector<StoredValue>& values_;
  const Order& order_;
  std::vector<Value> of_;
  Order runs_;
  std::vector<std::size_t> place_;  // by task run: the place in the order that it is there for
  std::size_t now_ = 0;             // that of the peak
  std::vector<std::int32_t> open_;
  std::vector<std::uint64_t> seen_;  // by task: the last walk that met it
  std::uint64_t walk_ = 0;
};

// The tasks in an order in which each runs just before its first reader, beginning from tasks whose values are kept.
Order on_demand(const std::vector<Work>& tasks, const std::vector<StoredValue>& values) {
  std::vector<std::int32_t> producer(values.size(), -1);
  for (std::size_t task = 0; task < tasks.size(); ++task)
    for (const std::int32_t node : tasks[task].writes) producer[node] = static_cast<std::int32_t>(task);
  Order order;
  std::vector<Open> open;
  std::vector<char> done(tasks.size());
  for (std::size_t task = 0; task < tasks.size(); ++task) {
    const auto& writes = tasks[task].writes;
    const bool keeps = std::any_of(writes.begin(), writes.end(), [&](std::int32_t n) { return values[n].kept; });
    if (keeps) open.push_back({static_cast<std::int32_t>(task)});
    while (!open.empty()) {
      const std::int32_t last = open.back().task;
      const std::int32_t missing = open.back().next(
          tasks[last].reads, [&](std::int32_t node) { return producer[node] >= 0 && !done[producer[node]]; });
      if (missing >= 0 && !done[last]) {
        open.push_back({producer[missing]});
        continue;
      }
      if (!std::exchange(done[last], true)) order.push_back(last);
      open.pop_back();
    }
  }
  for (std::size_t task = 0; task < tasks.size(); ++task)
    if (!done[task]) order.push_back(static_cast<std::int32_t>(task));
  return order;
}

}  // namespace

std::vector<std::int32_t> order_within(const std::vector<Work>& tasks, const std::vector<StoredValue>& values,
                                       std::size_t budget) {
  Order best(tasks.size());
  std::iota(best.begin(), best.end(), 0);
  std::size_t lowest = lay_out(tasks, values, best, budget).peak;
  if (lowest <= budget) return best;
  if (Order other = on_demand(tasks, values); other.size() == tasks.size()) {
    const std::size_t peak = lay_out(tasks, values, other, budget).peak;
    if (peak < lowest) lowest = peak, best = std::move(other);
  }
  const Order order = best;
  // A lower target makes other values be dropped first, which may reach a budget that the direct way misses.
  for (const std::size_t target : {budget, budget / 2, std::size_t{0}}) {
    Rematerialisation rematerialisation(tasks, values, order);
    for (std::size_t round = 0; round < most_rounds && lowest > budget; ++round) {
      Order next = rematerialisation.run();
      if (next.size() > most_repetitions * tasks.size()) break;
      const Schedule schedule = lay_out(tasks, values, next, budget);
      if (schedule.peak < lowest) lowest = schedule.peak, best = std::move(next);
      if (schedule.peak <= target || !rematerialisation.drop(schedule, (schedule.peak - target) / rounds_at_a_peak + 1))
        break;
    }
  }
  return best;
}

}  // namespace xgrad::fused
