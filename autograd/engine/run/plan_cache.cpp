#include "autograd/engine/run/plan_cache.hpp"

#include <algorithm>
#include <atomic>
#include <list>
#include <new>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "autograd/core/mutex.hpp"
#include "autograd/core/never_destroyed.hpp"
#include "autograd/core/thread_object.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/rows/shared_programs.hpp"
#include "autograd/engine/run/plan_run.hpp"

namespace xgrad::fused {

/// A plan and its key. The thread that holds `making` and finds no plan makes it.
struct FoundPlan::Shared {
  Shared(const Key& key, std::uint64_t h) : words(key.words().begin(), key.words().end()), hash(h) {}
  bool is(const Key& key) const {
    return planted("plans are told by their hash alone") || std::ranges::equal(words, key.words());
  }

  const std::vector<std::uint64_t> words;
  const std::uint64_t hash;
  Mutex making;
  std::optional<const Plan> plan;
  std::size_t bytes = 0;              // without programs
  std::atomic<std::uint8_t> uses{0};  // approximate; halved now and then; at most most_uses

  // The cache's.
  std::list<Shared*>::iterator by_age;
  std::uint64_t moved = 0;
  std::uint8_t rank = 0;  // uses, when they were last counted
};

/// What one thread knows of a plan.
struct FoundPlan::Own {
  std::weak_ptr<Shared> shared;
  std::uint64_t next = 0;  // the hash of the plan that followed this one last time
  bool run = false;        // whether the thread has run it
};

namespace {

using Shared = FoundPlan::Shared;
using Own = FoundPlan::Own;

constexpr std::uint8_t most_uses = 15;
std::uint8_t uses_of(const Shared& plan) { return plan.uses.load(std::memory_order_relaxed); }

// The plans of all threads. When memory is short, new plans have a part of it of their own, from which the oldest move
// to the main part; there the least used plan is dropped, of equal ones the newest. So a cycle of plans that is longer
// than the memory does not drive all of itself out, and a plan that was used often long ago has to go, because uses are
// halved now and then. The uses of dropped plans are remembered for their return.
class PlanCache {
  using ByHash = std::unordered_multimap<std::uint64_t, std::shared_ptr<Shared>>;
  // The least used plan first; of equal ones, the newest.
  struct LessUsed {
    bool operator()(const Shared* a, const Shared* b) const {
      return a->rank != b->rank ? a->rank < b->rank : a->moved > b->moved;
    }
  };
  using ByUse = std::set<Shared*, LessUsed>;

 public:
  static PlanCache& common() {
    static NeverDestroyed<PlanCache> cache;
    return *cache;
  }

  std::shared_ptr<Shared> find(const Pending& pending, const Key& key, std::uint64_t hash, std::size_t budget) {
    const std::shared_ptr<Shared> shared = known_or_new(key, hash);
    const std::lock_guard making(shared->making);
    if (shared->plan) return shared;
    try {
      shared->plan.emplace(pending, key.inputs(), budget);
      keep(shared);
    } catch (...) {
      shared->plan.reset();
      const std::lock_guard lock(mutex_);
      forget(*shared);
      throw;
    }
    return shared;
  }

  void set_most(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    most_bytes_ = bytes;
    make_room();
  }
  std::size_t most() {
    const std::lock_guard lock(mutex_);
    return most_bytes_;
  }
  std::size_t bytes() {
    const std::lock_guard lock(mutex_);
    return all_bytes();
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return by_hash_.size();
  }

 private:
  std::shared_ptr<Shared> known_or_new(const Key& key, std::uint64_t hash) {
    const std::lock_guard lock(mutex_);
    for (auto [at, last] = by_hash_.equal_range(hash); at != last; ++at)
      if (at->second->is(key)) return at->second;
    return by_hash_.emplace(hash, std::make_shared<Shared>(key, hash))->second;
  }

  void keep(const std::shared_ptr<Shared>& shared) {
    const std::lock_guard lock(mutex_);
    Shared& fresh = *shared;
    fresh.bytes = fresh.plan->bytes() + sizeof(Shared) + fresh.words.size() * sizeof(std::uint64_t);
    if (!is_known(fresh)) by_hash_.emplace(fresh.hash, shared);  // a thread that could not make it has forgotten it
    fresh.by_age = new_.insert(new_.end(), &fresh);
    bytes_ += fresh.bytes;
    new_bytes_ += fresh.bytes;
    if (const auto gone = gone_.find(fresh.hash);
        gone != gone_.end() && !planted("what is gone is new when it comes again")) {
      fresh.uses.store(gone->second, std::memory_order_relaxed);
      gone_.erase(gone);
    }
    try {
      make_room();
    } catch (const std::bad_alloc&) {
      // The next plan makes room.
    }
  }

  void make_room() {
    while (all_bytes() > most_bytes_ && new_.size() + by_age_.size() > 1 && !planted("plans take any memory")) {
      while (new_.size() > 1 && (by_age_.empty() || new_bytes_ > bytes_ / new_share)) move_oldest();
      drop_one();
    }
  }

  void move_oldest() {
    Shared& plan = *new_.front();
    plan.moved = ++moved_;
    plan.rank = uses_of(plan);
    by_use_.insert(&plan);
    by_age_.splice(by_age_.end(), new_, new_.begin());
    new_bytes_ -= plan.bytes;
  }

  // Plans share programs: one that is dropped may leave its programs to others.
  std::size_t all_bytes() const {
    return bytes_ + (planted("the memory of programs does not count") ? 0 : shared_program_bytes());
  }

  // Uses only grow until they are halved: a plan that comes first for as many uses as it has now is the least used.
  Shared& least_used() {
    while ((*by_use_.begin())->rank != uses_of(**by_use_.begin())) count_again(by_use_.extract(by_use_.begin()));
    return **by_use_.begin();
  }
  void count_again(ByUse::node_type&& plan) {
    plan.value()->rank = uses_of(*plan.value());
    by_use_.insert(std::move(plan));
  }

  // Drops the least used plan. The newest one may have one use more and still be dropped: if all plans come in turn, it
  // is already counted in this turn, and others are not.
  void drop_one() {
    Shared &least = least_used(), &newest = *by_age_.back();
    const bool last = uses_of(newest) <= least.rank + 1 && !planted("what comes last stays");
    Shared& plan = planted("the plan that is used most goes") ? **by_use_.rbegin() : last ? newest : least;
    gone_[plan.hash] = uses_of(plan);  // the last step that can fail
    by_use_.erase(&plan);
    by_age_.erase(plan.by_age);
    bytes_ -= plan.bytes;
    forget(plan);
    if (++dropped_ >= 2 * by_hash_.size() && !planted("uses count for ever")) halve_uses();
  }

  void halve_uses() {
    dropped_ = 0;
    for (auto& [hash, shared] : by_hash_) shared->uses.store(uses_of(*shared) / 2, std::memory_order_relaxed);
    for (ByUse before = std::exchange(by_use_, {}); !before.empty();) count_again(before.extract(before.begin()));
    for (auto& [hash, uses] : gone_) uses /= 2;
    std::erase_if(gone_, [](const auto& each) { return each.second == 0; });
  }

  // A thread that runs the plan keeps it to the end of its run.
  void forget(const Shared& shared) {
    if (const auto at = place_of(shared); at != by_hash_.end()) by_hash_.erase(at);
  }
  bool is_known(const Shared& shared) { return place_of(shared) != by_hash_.end(); }
  ByHash::iterator place_of(const Shared& shared) {
    for (auto [at, last] = by_hash_.equal_range(shared.hash); at != last; ++at)
      if (at->second.get() == &shared) return at;
    return by_hash_.end();
  }

  static constexpr std::size_t new_share = 8;  // when memory is short, new plans have one part in so many of it

  Mutex mutex_;
  ByHash by_hash_;
  std::list<Shared*> new_, by_age_;  // the new plans and the others, from the oldest to the newest
  ByUse by_use_;                     // the others
  std::uint64_t moved_ = 0;          // to the others, ever
  std::size_t most_bytes_ = std::size_t{256} << 20, bytes_ = 0, new_bytes_ = 0;  // without programs
  std::unordered_map<std::uint64_t, std::uint8_t> gone_;                         // by hash: the uses of dropped plans
  std::size_t dropped_ = 0;                                                      // since uses were halved
};

// The plans that this thread has used, by hash, so that it need not lock the cache of all threads.
struct Used {
  std::unordered_map<std::uint64_t, std::shared_ptr<Own>> by_hash;
  std::shared_ptr<Own> latest;
};
Used& used() {
  static constinit thread_local ThreadObject<Used> plans;
  return *plans;
}
constexpr std::size_t most_used = 4096;

}  // namespace

FoundPlan::FoundPlan(const Pending& pending, const Key& key, std::size_t budget) {
  Used& mine = used();
  const auto look = [&](std::uint64_t hash) {
    const auto at = mine.by_hash.find(hash);
    if (at == mine.by_hash.end()) return false;
    shared_ = at->second->shared.lock();
    if (!shared_ || !shared_->is(key)) return false;
    own_ = at->second;
    return true;
  };
  // Mostly the plan that followed last time follows again; then nothing has to be hashed.
  if (!mine.latest || !look(mine.latest->next)) {
    const std::uint64_t hash = key.hash();
    if (!look(hash)) {
      shared_ = PlanCache::common().find(pending, key, hash, budget);
      if (mine.by_hash.size() >= most_used) mine.by_hash.clear();
      own_ = mine.by_hash[hash] = std::make_shared<Own>(Own{shared_});
    }
    if (mine.latest) mine.latest->next = hash;
  }
  mine.latest = own_;
  const std::uint8_t uses = shared_->uses.load(std::memory_order_relaxed);
  if (uses < most_uses && !planted("uses of plans are not counted"))
    shared_->uses.store(static_cast<std::uint8_t>(uses + 1), std::memory_order_relaxed);
}

void FoundPlan::run(const Pending& pending, const Key& key) const {
  fused::run(*shared_->plan, pending, key.inputs(), own_->run);
  own_->run = true;
}

void set_plan_memory(std::size_t bytes) { PlanCache::common().set_most(bytes); }
std::size_t plan_memory() { return PlanCache::common().most(); }
std::size_t plan_bytes() { return PlanCache::common().bytes(); }
std::size_t plans_kept() { return PlanCache::common().size(); }

}  // namespace xgrad::fused
