#pragma once

// Schedules run on numbers, as Plan::run runs them on arrays: an element for each of two parts of a value, in memory
// that is given out again as soon as it is free.

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/autograd/engine/plan/random_tasks.hpp"

namespace xgrad::fused::testing {

class ScheduleRun {
 public:
  /// Which leaves may be overwritten is chosen by the seed.
  ScheduleRun(const Tasks& given, const Schedule& schedule, std::size_t budget, std::uint64_t seed)
      : given_(given), runs_(schedule.runs), schedule_(schedule), budget_(budget), block_(given.values.size(), none) {
    std::mt19937_64 random(seed);
    for (std::size_t v = 0; v < given.values.size(); ++v) {
      overwritable_.push_back(given.values[v].leaf && random() % 2 == 0);
      if (!given.values[v].leaf) continue;
      block_[v] = memory_.size();
      memory_.push_back({leaf(v, 0), leaf(v, 1)});
    }
  }

  /// What is wrong about it; nothing if all that is kept has the values that the tasks give without a schedule.
  std::string run() {
    first_overwrite_ = runs_.size();
    for (std::size_t i = runs_.size(); i-- > schedule_.safe_from;)
      for (const Reuse& reuse : runs_[i].reuses)
        if (overwritable_[index(reuse.input)]) first_overwrite_ = i;
    for (std::size_t i = 0; i < runs_.size() && wrong_.empty(); ++i) {
      const std::size_t first = i;
      if (i + 1 < runs_.size() && runs_[i + 1].is_epilogue) ++i;
      if (first <= first_overwrite_ && first_overwrite_ <= i) prepare_from(first);
      for (std::size_t task_run = first; task_run <= i; ++task_run) allocate(task_run);
      compute(first, i);
      most_ = std::max(most_, live());
      for (std::size_t task_run = first; task_run <= i; ++task_run)
        for (const std::int32_t value : runs_[task_run].releases) release(value);
    }
    if (wrong_.empty()) compare();
    if (wrong_.empty() && first_overwrite_ == runs_.size() && most_ != schedule_.peak) wrong_ = "another peak";
    if (wrong_.empty() && budget_ > 0 && most_ > std::max(budget_, schedule_.peak)) wrong_ = "more memory";
    return wrong_;
  }

 private:
  using Element = std::uint64_t;
  using Block = std::array<Element, 2>;
  static constexpr std::size_t none = 0xffffffff;
  static constexpr Element poison = 0xdead;

  static std::size_t index(std::int32_t value) { return static_cast<std::size_t>(value); }
  static Element mix(Element a, Element b) {
    Element x = a * 0x9e3779b97f4a7c15 + b + 1;
    return (x ^ x >> 29) * 0xbf58476d1ce4e5b9 ^ x >> 32;
  }
  static Element leaf(std::size_t value, Element part) { return mix(value + 1000, part); }
  const Work& work(std::size_t task_run) const { return given_.tasks[index(runs_[task_run].task)]; }

  void prepare_from(std::size_t first) {
    for (std::size_t task_run = first; task_run < runs_.size(); ++task_run) allocate(task_run);
    prepared_ = true;
  }
  void allocate(std::size_t task_run) {
    std::vector<std::int32_t> taken;
    for (const Reuse& reuse : runs_[task_run].reuses) {
      const bool is_leaf = given_.values[index(reuse.input)].leaf;
      if (block_[index(reuse.output)] != none || (is_leaf && !overwritable_[index(reuse.input)])) continue;
      if (std::find(taken.begin(), taken.end(), reuse.input) != taken.end()) continue;
      taken.push_back(reuse.input);
      block_[index(reuse.output)] = block_[index(reuse.input)];
    }
    for (const std::int32_t value : work(task_run).writes)
      if (block_[index(value)] == none) block_[index(value)] = fresh();
  }
  std::size_t fresh() {
    for (std::size_t b = memory_.size(); b-- > 0;)
      if (std::find(block_.begin(), block_.end(), b) == block_.end()) {
        if (prepared_) wrong_ = "takes memory after a leaf was overwritten";
        memory_[b] = {poison, poison};
        return b;
      }
    if (prepared_) wrong_ = "takes memory after a leaf was overwritten";
    memory_.push_back({poison, poison});
    return memory_.size() - 1;
  }
  void release(std::int32_t value) {
    if (!given_.values[index(value)].leaf) block_[index(value)] = none;
  }

  void compute(std::size_t first, std::size_t last) {
    // (What joins anything but the task it follows is never run.)
    const bool joined = last > first && work(first).epilogue == runs_[last].task;
    for (std::size_t task_run = first; task_run <= (joined ? last : first); ++task_run)
      if (work(task_run).may_fail && first_overwrite_ < task_run) wrong_ = "fails after a leaf was overwritten";
    for (std::size_t part = 0; part < 2; ++part) {
      compute_part(first, part);
      if (joined) compute_part(last, part);
    }
  }

  void compute_part(std::size_t task_run, std::size_t part) {
    const Work& task = work(task_run);
    std::vector<Element> inputs;
    for (const std::int32_t value : task.reads) {
      const std::size_t block = block_[index(value)];
      if (block == none) return void(wrong_ = "reads what has no memory");
      // An output that lies over an input without leave is written before that is read.
      const bool clobbered = std::any_of(task.writes.begin(), task.writes.end(), [&](std::int32_t written) {
        return block_[index(written)] == block && !allowed(task, written, value);
      });
      inputs.push_back(clobbered ? poison : memory_[block][part]);
      if (reads_whole(task, value)) inputs.push_back(clobbered ? poison : memory_[block][1 - part]);
    }
    for (std::size_t k = 0; k < task.writes.size(); ++k)
      memory_[block_[index(task.writes[k])]][part] = result(index(runs_[task_run].task), k, part, inputs);
  }
  /// What can be followed, a product, reads all of its factors for each part.
  static bool reads_whole(const Work& task, std::int32_t value) {
    return task.epilogue >= 0 && std::none_of(task.reuses.begin(), task.reuses.end(),
                                              [&](const Reuse& reuse) { return reuse.input == value; });
  }
  static bool allowed(const Work& task, std::int32_t output, std::int32_t input) {
    return std::any_of(task.reuses.begin(), task.reuses.end(),
                       [&](const Reuse& reuse) { return reuse.output == output && reuse.input == input; });
  }
  static Element result(std::size_t task, std::size_t output, std::size_t part, const std::vector<Element>& inputs) {
    Element sum = mix(task * 16 + output, part);
    for (const Element input : inputs) sum = mix(sum, input);
    return sum;
  }

  std::size_t live() const {
    std::vector<std::size_t> seen;  // besides the leaves' memory
    for (std::size_t v = 0; v < block_.size(); ++v)
      if (given_.values[v].leaf) seen.push_back(block_[v]);
    std::size_t bytes = 0;
    for (std::size_t v = 0; v < block_.size(); ++v) {
      if (given_.values[v].leaf || block_[v] == none) continue;
      if (std::find(seen.begin(), seen.end(), block_[v]) != seen.end()) continue;
      seen.push_back(block_[v]);
      bytes += given_.values[v].bytes;
    }
    return bytes;
  }

  /// The tasks in their order, each value in memory of its own.
  void compare() {
    std::vector<Block> values(given_.values.size());
    for (std::size_t v = 0; v < values.size(); ++v) values[v] = {leaf(v, 0), leaf(v, 1)};
    for (std::size_t t = 0; t < given_.tasks.size(); ++t)
      for (std::size_t part = 0; part < 2; ++part) {
        const Work& task = given_.tasks[t];
        std::vector<Element> inputs;
        for (const std::int32_t value : task.reads) {
          inputs.push_back(values[index(value)][part]);
          if (reads_whole(task, value)) inputs.push_back(values[index(value)][1 - part]);
        }
        for (std::size_t k = 0; k < task.writes.size(); ++k)
          values[index(task.writes[k])][part] = result(t, k, part, inputs);
      }
    for (std::size_t v = 0; v < values.size(); ++v) {
      if (given_.values[v].leaf && !given_.values[v].kept) continue;
      if ((block_[v] != none) != given_.values[v].kept) return void(wrong_ = "kept and left are not the same");
      if (given_.values[v].kept && memory_[block_[v]] != values[v]) return void(wrong_ = "another value");
    }
  }

  const Tasks& given_;
  const std::vector<TaskRun>& runs_;
  const Schedule& schedule_;
  std::size_t budget_;
  std::vector<std::size_t> block_;  // of each value
  std::vector<Block> memory_;
  std::vector<char> overwritable_;
  std::size_t first_overwrite_ = 0, most_ = 0;
  bool prepared_ = false;
  std::string wrong_;
};

}  // namespace xgrad::fused::testing
