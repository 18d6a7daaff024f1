#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/core/mutex.hpp"
#include "autograd/core/never_destroyed.hpp"
#include "autograd/core/no_memory.hpp"
#include "autograd/core/thread_object.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/engine/memory_budget.hpp"
#include "autograd/engine/run/executor.hpp"
#include "autograd/tape/history.hpp"
#include "autograd/tape/tape.hpp"
#include "autograd/tape/traversal.hpp"

namespace xgrad {

namespace {

std::unique_ptr<Executor> make_executor(const std::string& engine, const Location& where) {
  if (engine == "reference") return std::make_unique<ReferenceExecutor>();
  if (engine == "fused") return std::make_unique<FusedExecutor>();
  fail<ValueError>(where, "engine: there is no engine '", engine, "'; there are: fused, reference");
}

struct Selected {
  std::string name;
  std::unique_ptr<Executor> executor;
};

Selected& selected() {
  static NeverDestroyed<Selected> selection([] {
    const NoFork no_fork;
    const char* name = std::getenv("XGRAD_ENGINE");
    const std::string engine = name && *name ? name : "fused";
    fused::instruction_set();  // so that an error in XGRAD_ISA shows with any engine
    return Selected{engine, make_executor(engine, Location::current())};
  }());
  return *selection;
}

std::vector<Tensor>& companions() {
  static constinit thread_local ThreadObject<std::vector<Tensor>> list;
  return *list;
}

using fused::is_view;
using fused::planted;
using Kind = Lowering::Kind;

constinit thread_local std::int64_t computed_here = 0;

bool has_value(const Entry& entry) { return entry.evaluated.load(std::memory_order_acquire); }

// Whether a view keeps much more memory alive than it shows, which nothing else keeps: a value that is held for the
// view alone, or the old value of a Parameter. Only asked where Parameters are assigned, because between assignments
// the other handles may be about to go.
bool keeps_too_much(const Entry& view, const Entry& source) {
  if (planted("a view keeps whatever it is a view of") || 2 * view.shape.numel() > source.shape.numel()) return false;
  return !source.held() || (has_value(source) && source.tracked);
}

// Adds the entries that have to be in memory for a pending entry to count as evaluated: the entry itself, or the source
// of a view. Views and constants are read in place by whatever needs them, at no cost.
template <class E, class Add>
void keep(E* entry, bool assigns, Add add) {
  E* source = entry;
  bool same_elements = true;
  while (!has_value(*source)) {
    if (source->kind == Kind::constant) return;
    if (planted("a view that somebody holds is kept")) break;
    if (!is_view(*source)) break;
    same_elements = same_elements && source->kind == Kind::alias;
    source = source->input(0).entry();
  }
  if (assigns && source != entry && keeps_too_much(*entry, *source)) return add(entry);
  if (!has_value(*source)) add(source);
  if (same_elements && source != entry) add(entry);
}

// Whether an entry that is asked for is a product transposed, which is multiplied so: (A B)' = B' A' needs no A B.
bool is_transposed_product(const Entry& entry) {
  return entry.kind == Kind::transposition && entry.input(0).entry()->kind == Kind::contraction;
}

// Whether the value was computed before and not kept. A backward pass computes cheap values once more, which does not
// count.
bool is_asked_again(const Entry& entry) {
  return entry.computed > (entry.tracked && entry.differentiated ? 1 : 0) && entry.segment == 0 &&
         entry.dtype != boolean && memory_budget() == 0 && !planted("what is computed again is dropped again");
}

void check_own(const std::vector<Entry*>& entries, const Location& where) {
  for (const Entry* entry : entries)
    check<ThreadError>(entry->owner == Tape::current().thread, where, "evaluate: ", entry->primitive->name(),
                       " was recorded by another thread and has no value yet; evaluate it there");
}

/// Collects what has to be computed for the Tensors that are asked for, and for those of `others` that somebody holds.
class Evaluation {
 public:
  /// `assigns` where Parameters are assigned afterwards.
  Evaluation(std::span<const Tensor> asked, std::span<const Tensor> others, bool assigns, const Location& where)
      : assigns_(assigns) {
    roots_.reserve(asked.size() + others.size());
    for (const Tensor& tensor : asked)
      if (!tensor.evaluated()) roots_.push_back(tensor.entry());
    for (const Tensor& other : others) keep(other.entry(), assigns, [&](Entry* entry) { roots_.push_back(entry); });
    if (roots_.empty()) return;
    std::vector<std::size_t> noted;  // those that may have to stay
    noted.reserve(64);
    entries_ = reachable(
        roots_, numbers_, [](const Entry& entry) { return !has_value(entry); },
        [&](const Entry& entry, std::size_t place) {
          if (entry.held() || entry.computed > 0) noted.push_back(place);
        });
    if (!numbers_.all_own()) check_own(entries_, where);
    find_roots(noted);
  }

  void run(std::span<const Tensor> donated) {
    if (roots_.empty()) return;
    Tape::current().evaluated_at = Tape::current().sequence;
    const Pending pending{std::move(entries_), numbers_, std::move(roots_), donated};
    computed_here += static_cast<std::int64_t>(pending.entries.size());
    selected().executor->run(pending);
    if (!planted("stop_gradient does not get the value that comes later")) share_with_stops(pending.roots);
    History::current().release_if_due();
    History::current().look_at_memory();
  }

  std::string plan() {
    if (roots_.empty()) return "nothing: all values are there\n";
    const Pending pending{std::move(entries_), numbers_, std::move(roots_)};
    return selected().executor->describe(pending);
  }

 private:
  // Finds the roots, in tape order: entries that somebody holds, and entries that are computed for the second time.
  void find_roots(const std::vector<std::size_t>& noted) {
    std::vector<char> is_root(entries_.size());
    const auto add = [&](const Entry* entry) { is_root[numbers_.find(entry)] = true; };
    std::ranges::for_each(roots_, add);
    for (const std::size_t place : noted) {
      const Entry* const entry = entries_[place];
      if (is_root[place] && (!is_view(*entry) || is_transposed_product(*entry))) continue;
      if ((entry->held() && !planted("what somebody holds is dropped")) || is_asked_again(*entry))
        keep(entry, assigns_, add);
    }
    roots_.clear();
    const auto next = [&](std::size_t from) {
      const void* at = std::memchr(is_root.data() + from, true, is_root.size() - from);
      return at ? static_cast<std::size_t>(static_cast<const char*>(at) - is_root.data()) : is_root.size();
    };
    for (std::size_t i = next(0); i < is_root.size(); i = next(i + 1)) roots_.push_back(entries_[i]);
  }

  // Gives the values of roots to their stop_gradients, too. One pass finds all of these, because there may be many.
  static void share_with_stops(const std::vector<Entry*>& roots) {
    std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
    for (const Entry* root : roots)
      if (root->stopped) first = std::min(first, root->sequence.load(std::memory_order_relaxed));
    if (first == std::numeric_limits<std::uint64_t>::max()) return;
    for (const Tensor& stop : History::current().stops_with_value(first)) {
      Entry& entry = *stop.entry();
      entry.value = entry.input(0).entry()->value;
      entry.evaluated.store(true, std::memory_order_release);
      entry.cut();
    }
    for (Entry* root : roots) root->stopped = false;
  }

  bool assigns_;
  Numbering numbers_;
  std::vector<Entry*> roots_, entries_;
};

void compute(std::span<const Tensor> asked, std::span<const Tensor> others, std::span<const Tensor> donated,
             bool assigns, const Location& where) {
  try {
    Evaluation(asked, others, assigns, where).run(donated);
  } catch (const std::bad_alloc&) {
    no_memory("evaluate", where);
  }
}

}  // namespace

std::int64_t entries_computed() { return computed_here; }

void evaluate_with_next(const Tensor& tensor) noexcept {
  try {
    if (tensor.defined() && !tensor.evaluated()) companions().push_back(tensor);
  } catch (const std::bad_alloc&) {
    // Without memory for the list, the Tensor will be evaluated alone when it is read.
  }
}

void set_engine(const std::string& name, const Location& where) {
  auto executor = make_executor(name, where);
  selected() = {name, std::move(executor)};
}

const std::string& engine() { return selected().name; }

void evaluate(std::span<const Tensor> tensors, const Location& where) { evaluate(tensors, {}, where); }

void evaluate(std::span<const Tensor> tensors, std::span<const Tensor> donated, const Location& where) {
  for (const Tensor& tensor : tensors) check<GraphError>(tensor.defined(), where, "evaluate: an undefined Tensor");
  std::vector<Tensor> held = std::exchange(companions(), {});
  std::erase_if(held, [](const Tensor& companion) { return !companion.entry()->held(1); });
  compute(tensors, held, donated, false, where);
}

std::string plan(std::span<const Tensor> tensors, const Location& where) try {
  for (const Tensor& tensor : tensors) check<GraphError>(tensor.defined(), where, "plan: an undefined Tensor");
  std::vector<Tensor> held = companions();
  std::erase_if(held, [](const Tensor& companion) { return !companion.entry()->held(2); });  // beside both lists
  return Evaluation(tensors, held, false, where).plan();
} catch (const std::bad_alloc&) {
  no_memory("plan", where);
}

void evaluate_held(std::span<const Tensor> tensors, std::span<const Tensor> donated, const Location& where) {
  companions().clear();  // those that are wanted are held elsewhere
  std::vector<Tensor> held = History::current().held();
  if (planted("an assignment leaves what is held pending")) held.clear();
  compute(tensors, held, donated, true, where);
}

}  // namespace xgrad
