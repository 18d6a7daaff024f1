#include <algorithm>
#include <atomic>
#include <list>
#include <unordered_map>

#include "autograd/engine/executor.hpp"
#include "autograd/engine/plan.hpp"
#include "autograd/engine/walk.hpp"

namespace xgrad {

namespace {

using fused::Key;
using fused::Plan;

constexpr std::size_t most_entries = 1024;  // of one plan; longer lists are planned in parts
constexpr std::size_t most_plans = 256;     // kept by a thread

// The plans of a thread, by structure. The least recently used one goes when there are too many.
class PlanCache {
 public:
  Plan& find(const Pending& pending, const Key& key) {
    const auto [first, last] = by_hash_.equal_range(key.hash);
    for (auto at = first; at != last; ++at)
      if (at->second->words == key.words) {
        plans_.splice(plans_.begin(), plans_, at->second);
        return plans_.front().plan;
      }
    plans_.push_front({key.words, key.hash, Plan(pending)});
    by_hash_.emplace(key.hash, plans_.begin());
    if (plans_.size() > most_plans) drop_last();
    return plans_.front().plan;
  }

 private:
  struct Kept {
    std::vector<std::uint64_t> words;
    std::uint64_t hash;
    Plan plan;
  };
  void drop_last() {
    const auto [first, last] = by_hash_.equal_range(plans_.back().hash);
    by_hash_.erase(std::find_if(first, last, [&](const auto& at) { return &*at.second == &plans_.back(); }));
    plans_.pop_back();
  }
  std::list<Kept> plans_;  // the most recently used first
  std::unordered_multimap<std::uint64_t, std::list<Kept>::iterator> by_hash_;
};

PlanCache& plan_cache() {
  static thread_local PlanCache cache;
  return cache;
}

std::atomic<std::int64_t> parts_not_planned{0};

void run_part(const Pending& pending) {
  const Key key(pending);
  Plan* plan = nullptr;
  try {
    plan = &plan_cache().find(pending, key);
  } catch (const fused::Unplanned&) {
    ++parts_not_planned;
    return ReferenceExecutor().run(pending);
  }
  plan->run(pending, key.leaves);
  for (Entry* entry : pending.entries)
    if (entry->evaluated.load(std::memory_order_relaxed) && !entry->tracked) entry->cut();
}

}  // namespace

std::int64_t unplanned() { return parts_not_planned; }

void FusedExecutor::run(const Pending& pending) {
  if (pending.entries.size() <= most_entries) return run_part(pending);
  // In parts, in tape order; what a later part reads is a root of the earlier one.
  Numbering numbers;
  for (std::size_t i = 0; i < pending.entries.size(); ++i)
    numbers.insert(pending.entries[i], static_cast<std::uint32_t>(i));
  const std::size_t parts = (pending.entries.size() - 1) / most_entries + 1;
  std::vector<std::vector<Tensor>> roots(parts);
  const auto add_root = [&](const Tensor& tensor, std::size_t reader) {
    const std::uint32_t number = numbers.find(tensor.entry());
    if (number == Numbering::absent || number / most_entries == reader) return;
    std::vector<Tensor>& list = roots[number / most_entries];
    if (list.empty() || list.back().entry() != tensor.entry()) list.push_back(tensor);
  };
  for (const Tensor& root : pending.roots) add_root(root, parts);
  for (std::size_t i = 0; i < pending.entries.size(); ++i)
    for (const Tensor& input : pending.entries[i]->input_span()) add_root(input, i / most_entries);
  for (std::size_t part = 0; part < parts; ++part) {
    const auto begin = pending.entries.begin() + static_cast<std::ptrdiff_t>(part * most_entries);
    const auto end = part + 1 == parts ? pending.entries.end() : begin + static_cast<std::ptrdiff_t>(most_entries);
    run_part({{begin, end}, roots[part]});
    roots[part].clear();
  }
}

}  // namespace xgrad
