#include "autograd/engine/run/parts_of_list.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/memory_budget.hpp"
#include "autograd/tape/lowering.hpp"

namespace xgrad::fused {

namespace {

// The most entries of one plan; longer lists are planned in parts. Plans within a memory budget are larger, because
// what one part computes for a later one is never dropped.
std::size_t most_entries() { return memory_budget() == 0 ? 4096 : 16384; }

// Divides a list that is too long for one plan into parts, in tape order. What a later part reads is a root of the
// earlier part; but views cost nothing, so every part that reads one takes it over.
class ListInParts {
 public:
  explicit ListInParts(const Pending& pending)
      : pending_(pending),
        size_(most_entries()),
        parts_((pending.entries.size() - 1) / size_ + 1),
        roots_(parts_),
        views_(parts_) {
    is_root_.resize(pending.entries.size());
    for (const Entry* root : pending.roots) add_root(pending_.numbers.find(root));
    taken_.resize(pending.entries.size());
    for (std::size_t i = 0; i < pending.entries.size(); ++i)
      if (is_root_[i] || !is_view(*pending.entries[i])) taken_[i] = never;
    for (std::size_t part = 0; part < parts_; ++part) find_reads(part);
  }

  void run(FunctionRef<void(const Pending&)> run_part) {
    for (std::size_t part = 0; part < parts_; ++part) {
      std::vector<Entry*> entries;
      for (const std::size_t view : views_[part])
        if (!pending_.entries[view]->evaluated.load(std::memory_order_relaxed))
          entries.push_back(pending_.entries[view]);
      for (std::size_t i = begin(part); i < begin(part + 1); ++i) entries.push_back(pending_.entries[i]);
      Numbering numbers;
      for (std::size_t i = 0; i < entries.size(); ++i) numbers.insert(entries[i], static_cast<std::uint32_t>(i));
      // Only the last part may overwrite donated memory, because a later part could fail.
      const bool last = part + 1 == parts_ || planted("every part of a long list may overwrite");
      run_part(
          {std::move(entries), numbers, std::move(roots_[part]), last ? pending_.donated : std::span<const Tensor>()});
    }
  }

 private:
  static constexpr std::uint32_t never = 0xffffffff;

  static bool is_view(const Entry& entry) { return fused::is_view(entry) || entry.kind == Lowering::Kind::constant; }
  std::size_t begin(std::size_t part) const { return std::min(part * size_, pending_.entries.size()); }
  void add_root(std::size_t number) {
    if (!std::exchange(is_root_[number], true)) roots_[number / size_].push_back(pending_.entries[number]);
  }

  void find_reads(std::size_t part) {
    std::vector<std::size_t>& views = views_[part];
    const auto read = [&](const Tensor& input) {
      const std::uint32_t number = pending_.numbers.find(input.entry());
      if (number == Numbering::absent || number >= begin(part)) return;
      if (taken_[number] == never && planted("what a later part reads is no root")) return;
      if (taken_[number] == never) return add_root(number);
      if (taken_[number] == part + 1 || (planted("a view is there for one part only") && taken_[number] > 0)) return;
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
  std::size_t size_, parts_;
  std::vector<std::vector<Entry*>> roots_;
  std::vector<char> is_root_;
  std::vector<std::vector<std::size_t>> views_;  // by part: the views of earlier parts that it takes over
  std::vector<std::uint32_t> taken_;  // the latest part that a view was taken over by, plus one; never by any
};

}  // namespace

void for_each_part(const Pending& pending, FunctionRef<void(const Pending&)> run) {
  if (pending.entries.size() <= most_entries())
    run(pending);
  else
    ListInParts(pending).run(run);
}

}  // namespace xgrad::fused
