#include <algorithm>
#include <atomic>
#include <list>
#include <unordered_map>

#include "autograd/engine/budget.hpp"
#include "autograd/engine/executor.hpp"
#include "autograd/engine/plan.hpp"
#include "autograd/engine/walk.hpp"

namespace xgrad {

namespace {

using fused::Key;
using fused::Plan;

constexpr std::size_t most_entries = 1024;  // of one plan; longer lists are planned in parts
constexpr std::size_t most_plans = 256;     // kept by a thread
constexpr std::size_t most_parts = 16;      // planned as one where there is a memory budget

// The plans of a thread, by structure. The least recently used one goes when there are too many.
class PlanCache {
 public:
  template <class Make>
  Plan& find(const Key& key, Make&& make) {
    const auto [first, last] = by_hash_.equal_range(key.hash);
    for (auto at = first; at != last; ++at)
      if (at->second->words == key.words) {
        plans_.splice(plans_.begin(), plans_, at->second);
        return plans_.front().plan;
      }
    plans_.push_front({key.words, key.hash, make()});
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

void let_go_of_inputs(const Pending& pending) {
  for (Entry* entry : pending.entries)
    if (entry->evaluated.load(std::memory_order_relaxed) && !entry->tracked) entry->cut();
}

void run_part(const Pending& pending) {
  Key key(pending);
  const std::size_t budget = memory_budget();
  key.words.push_back(budget);
  Plan* plan = nullptr;
  try {
    plan = &plan_cache().find(key, [&] { return Plan(pending, budget); });
  } catch (const fused::Unplanned&) {
    ++parts_not_planned;
    return ReferenceExecutor().run(pending);
  }
  plan->run(pending, key.leaves);
  let_go_of_inputs(pending);
}

// A list that is too long for one plan, in parts, in tape order. What a later part reads is a root of the earlier one;
// views, which cost nothing, are rather taken over by every part that reads them.
class Parts {
 public:
  explicit Parts(const Pending& pending)
      : pending_(pending), parts_((pending.entries.size() - 1) / most_entries + 1), roots_(parts_), views_(parts_) {
    for (std::size_t i = 0; i < pending.entries.size(); ++i)
      numbers_.insert(pending.entries[i], static_cast<std::uint32_t>(i));
    std::vector<char> is_root(pending.entries.size());
    for (const Tensor& root : pending.roots)
      if (const std::uint32_t number = numbers_.find(root.entry()); number != Numbering::absent) {
        is_root[number] = true;
        add_root(root, number / most_entries);
      }
    taken_.resize(pending.entries.size());
    for (std::size_t i = 0; i < pending.entries.size(); ++i)
      if (is_root[i] || !is_view(*pending.entries[i])) taken_[i] = never;
    for (std::size_t part = 0; part < parts_; ++part) find_reads(part);
  }

  void run() {
    if (memory_budget() > 0 && parts_ <= most_parts && run_as_one(memory_budget())) return;
    for (std::size_t part = 0; part < parts_; ++part) {
      // Only the last one may overwrite: a later one could fail.
      const bool last = part + 1 == parts_;
      run_part({entries_of(numbers_of(part)), roots_[part], last ? pending_.donated : std::span<const Tensor>()});
      roots_[part].clear();
    }
  }

 private:
  // The parts in the numbers of the whole list, and its key.
  struct Whole {
    Key key{{{}, {}}};
    std::vector<std::vector<std::int32_t>> entries, leaves;
    std::vector<char> asked;
  };

  Whole whole(std::size_t budget) const {
    Whole result;
    result.asked.resize(pending_.entries.size());
    for (const Tensor& root : pending_.roots)
      if (const std::uint32_t number = numbers_.find(root.entry()); number != Numbering::absent)
        result.asked[number] = true;
    std::unordered_map<const Entry*, std::int32_t> numbers;
    for (std::size_t i = 0; i < pending_.entries.size(); ++i)
      numbers.emplace(pending_.entries[i], ~static_cast<std::int32_t>(i));
    std::vector<std::uint64_t>& words = result.key.words;
    words = {parts_, budget};
    for (std::size_t part = 0; part < parts_; ++part) {
      result.entries.push_back(numbers_of(part));
      const Key key({entries_of(result.entries[part]), roots_[part]});
      std::vector<std::int32_t>& leaves = result.leaves.emplace_back();
      for (Entry* leaf : key.leaves) {
        const auto [at, fresh] = numbers.emplace(leaf, static_cast<std::int32_t>(result.key.leaves.size()));
        if (fresh) result.key.leaves.push_back(leaf);
        leaves.push_back(at->second);
      }
      words.push_back(key.words.size());
      words.insert(words.end(), key.words.begin(), key.words.end());
      for (const std::int32_t leaf : leaves) words.push_back(static_cast<std::uint64_t>(leaf));
      result.key.hash = result.key.hash * 31 + key.hash;
    }
    words.insert(words.end(), result.asked.begin(), result.asked.end());
    return result;
  }

  // Within a budget, what a part computes for a later one may be dropped, too: the parts become one plan.
  bool run_as_one(std::size_t budget) {
    const Whole list = whole(budget);
    const auto make = [&] {
      std::vector<Plan::Part> parts;
      for (std::size_t part = 0; part < parts_; ++part)
        parts.push_back({Plan({entries_of(list.entries[part]), roots_[part]}), list.entries[part], list.leaves[part]});
      return Plan(std::move(parts), list.asked, budget);
    };
    Plan* plan = nullptr;
    try {
      plan = &plan_cache().find(list.key, make);
    } catch (const fused::Unplanned&) {
      return false;
    }
    roots_.clear();  // handles, which would keep what the plan may overwrite
    plan->run(pending_, list.key.leaves);
    let_go_of_inputs(pending_);
    return true;
  }

  // The places of the entries of a part in the whole list: views that it takes over, and its own.
  std::vector<std::int32_t> numbers_of(std::size_t part) const {
    std::vector<std::int32_t> numbers;
    for (const std::size_t view : views_[part])
      if (!pending_.entries[view]->evaluated.load(std::memory_order_relaxed))
        numbers.push_back(static_cast<std::int32_t>(view));
    for (std::size_t i = begin(part); i < begin(part + 1); ++i) numbers.push_back(static_cast<std::int32_t>(i));
    return numbers;
  }
  std::vector<Entry*> entries_of(const std::vector<std::int32_t>& numbers) const {
    std::vector<Entry*> entries;
    for (const std::int32_t number : numbers) entries.push_back(pending_.entries[number]);
    return entries;
  }

  static constexpr std::uint32_t never = 0xffffffff;

  static bool is_view(const Entry& entry) {
    const Lowering::Kind kind = entry.primitive->lower().kind;
    return kind == Lowering::Kind::alias || kind == Lowering::Kind::broadcast ||
           kind == Lowering::Kind::transposition || kind == Lowering::Kind::constant;
  }
  std::size_t begin(std::size_t part) const { return std::min(part * most_entries, pending_.entries.size()); }
  void add_root(const Tensor& tensor, std::size_t part) {
    std::vector<Tensor>& list = roots_[part];
    if (list.empty() || list.back().entry() != tensor.entry()) list.push_back(tensor);
  }

  void find_reads(std::size_t part) {
    std::vector<std::size_t>& views = views_[part];
    const auto read = [&](const Tensor& input) {
      const std::uint32_t number = numbers_.find(input.entry());
      if (number == Numbering::absent || number >= begin(part)) return;
      if (taken_[number] == never) return add_root(input, number / most_entries);
      if (taken_[number] == part + 1) return;
      taken_[number] = static_cast<std::uint32_t>(part + 1);
      views.push_back(number);
    };
    for (std::size_t i = begin(part); i < begin(part + 1); ++i)
      for (const Tensor& input : pending_.entries[i]->input_span()) read(input);
    for (std::size_t next = 0; next < views.size(); ++next)
      for (const Tensor& input : pending_.entries[views[next]]->input_span()) read(input);
    std::sort(views.begin(), views.end());
  }

  const Pending& pending_;
  std::size_t parts_;
  std::vector<std::vector<Tensor>> roots_;
  std::vector<std::vector<std::size_t>> views_;  // of earlier parts, that a part takes over
  Numbering numbers_;
  std::vector<std::uint32_t> taken_;  // the latest part that a view was taken over by, plus one; never by any
};

}  // namespace

std::int64_t unplanned() { return parts_not_planned; }

void FusedExecutor::run(const Pending& pending) {
  if (pending.entries.size() <= most_entries)
    run_part(pending);
  else
    Parts(pending).run();
}

}  // namespace xgrad
