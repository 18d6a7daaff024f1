#include "autograd/engine/run/donation.hpp"

#include <algorithm>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/graph/inputs.hpp"
#include "autograd/tape/traversal.hpp"

namespace xgrad::fused {

namespace {

// Finds the entries of a plan, and its leaves, that are alive after the plan has run. Leaves are numbered after
// entries.
class Remains {
 public:
  Remains(const Pending& pending, const std::vector<Entry*>& leaves, const std::vector<char>& evaluated)
      : pending_(pending),
        leaves_(leaves),
        evaluated_(evaluated),
        count_(pending.entries.size()),
        stays_(count_ + leaves.size()) {
    for (const Entry* root : pending.roots) stays_[number_of(root)] = true;
  }

  std::vector<std::size_t> donated_leaves() const {
    std::vector<std::size_t> donated;
    for (const Tensor& each : pending_.donated)
      if (const std::size_t number = number_of(each.entry()); number != Numbering::absent && number >= count_)
        donated.push_back(number - count_);
    return donated;
  }
  bool stays(std::size_t leaf) const { return stays_[count_ + leaf]; }
  bool has_other_handles(std::size_t leaf) const { return !all_known(leaves_[leaf], count_ + leaf); }

  /// Goes from the last entry to the first. An entry stays if somebody else holds it or an entry that stays reads it;
  /// an untracked entry with a value releases its inputs.
  void spread() {
    for (std::size_t i = count_; i-- > 0;) {
      const Entry* entry = pending_.entries[i];
      stays_[i] = stays_[i] || (!known_.empty() && !all_known(entry, i) &&
                                !planted("what somebody else holds keeps nothing that it reads"));
      if (!stays_[i] ||
          (evaluated_[i] && (!entry->tracked || planted("an entry that is tracked keeps nothing that it reads"))))
        continue;
      for (const Tensor& input : entry->input_span()) stays_[number_of(input.entry())] = true;
    }
  }
  /// Counts the handles that are known: those in entries of the plan, and two for each donation.
  void count_handles() {
    known_.resize(stays_.size());
    for (const Entry* entry : pending_.entries)
      for (const Tensor& input : entry->input_span()) ++known_[number_of(input.entry())];
    for (const Tensor& donated : pending_.donated)
      if (const std::size_t number = number_of(donated.entry()); number != Numbering::absent) known_[number] += 2;
  }

 private:
  std::size_t number_of(const Entry* entry) const {
    const std::uint32_t number = pending_.numbers.find(entry);
    return number < first_leaf || number == Numbering::absent ? number : number - first_leaf + count_;
  }
  bool all_known(const Entry* entry, std::size_t number) const { return entry->handles() == known_[number]; }

  const Pending& pending_;
  const std::vector<Entry*>& leaves_;
  const std::vector<char>& evaluated_;
  std::size_t count_;  // of the entries
  std::vector<char> stays_;
  std::vector<std::uint32_t> known_;  // by number: known handles; empty until they are counted
};

}  // namespace

std::vector<char> overwritable(const Pending& pending, const std::vector<Entry*>& leaves,
                               const std::vector<char>& evaluated) {
  std::vector<char> result(leaves.size());
  if (pending.donated.empty()) return result;
  Remains remains(pending, leaves, evaluated);
  const std::vector<std::size_t> donated = remains.donated_leaves();
  remains.spread();
  // In ordinary training roots such as the loss keep all that is donated, so counting is not needed.
  if (std::all_of(donated.begin(), donated.end(), [&](std::size_t leaf) { return remains.stays(leaf); })) return result;
  remains.count_handles();
  remains.spread();
  for (const std::size_t leaf : donated)
    result[leaf] =
        !remains.stays(leaf) &&
        (!remains.has_other_handles(leaf) || planted("who else holds a value that is given away is overlooked")) &&
        (leaves[leaf]->value.unique() || planted("who else has memory that is given away is overlooked"));
  return result;
}

}  // namespace xgrad::fused
