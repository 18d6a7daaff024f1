#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/numbering.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

/// Collects the entries that pass `wanted` and are reached from the roots through entries that pass it, and calls `see`
/// with each and its place in tape order. It does not recurse, because graphs may be deeper than any stack.
template <class Wanted, class See>
class Reachable {
 public:
  Reachable(Numbering& numbers, Wanted wanted, See see)
      : numbers_(numbers), wanted_(std::move(wanted)), see_(std::move(see)) {}

  template <class Roots>
  std::vector<Entry*> from(const Roots& roots) {
    for (const auto& root : roots)
      if (const Entry* entry = entry_of(root); entry && numbers_.is_own(entry))
        top_ = std::max(top_, number_of(*entry));
    make_room(std::min({top_, Tape::current().sequence - Tape::current().evaluated_at, usual_room}) + 1);
    for (const auto& root : roots)
      if (Entry* entry = entry_of(root)) visit(entry);
    // Inputs were recorded before their readers, so one pass meets all entries in near_.
    for (std::size_t distance = 0; distance < room_; ++distance)
      if (const Entry* entry = near_[distance]) visit_inputs(*entry);
    room_ = 0;
    for (std::size_t next = 0; next < far_.size(); ++next) visit_inputs(*far_[next]);
    return in_order();
  }

 private:
  // Mostly room for all pending entries. Where there are more, room is made as far as the traversal gets; making it for
  // all of them at once would cost a loop whose results nobody reads quadratic time.
  static constexpr std::uint64_t usual_room = 1 << 12;

  static Entry* entry_of(const Tensor& tensor) { return tensor.entry(); }
  static Entry* entry_of(Entry* entry) { return entry; }

  static std::uint64_t number_of(const Entry& entry) { return entry.sequence.load(std::memory_order_relaxed); }

  void visit_inputs(const Entry& entry) {
    for (const Tensor& input : entry.input_span()) visit(input.entry());
  }
  void visit(Entry* entry) {
    if (!wanted_(*entry)) return;
    const bool own = numbers_.is_own(entry);
    if (own ? !numbers_.mark(entry) : !numbers_.insert(entry, 0)) return;
    ++count_;
    const std::uint64_t distance = top_ - number_of(*entry);
    if (own && distance < room_) [[likely]]
      near_[distance] = entry;
    else
      visit_far(entry, distance);
  }
  // Sequence numbers are per thread, so entries of other threads go to far_; so do very old ones, to keep near_ small.
  // Entries without inputs go to leaves_, as they may come first in any order.
  void visit_far(Entry* entry, std::uint64_t distance) {
    if (entry->input_count == 0) return leaves_.push_back(entry);
    if (room_ == 0 || !numbers_.is_own(entry) || distance >= 8 * count_ + 1024) return far_.push_back(entry);
    make_room(std::max<std::size_t>(distance + 1, 2 * room_));
    near_[distance] = entry;
  }
  void make_room(std::size_t room) {
    near_.resize(room);
    room_ = room;
  }

  std::vector<Entry*> in_order() {
    std::vector<Entry*> entries(count_);
    const auto begin = std::copy(leaves_.begin(), leaves_.end(), entries.begin());
    auto next = std::copy(far_.begin(), far_.end(), begin);
    for (std::size_t distance = near_.size(); distance-- > 0;)
      if (near_[distance]) *next++ = near_[distance];
    if (!far_.empty())
      std::stable_sort(begin, entries.end(),
                       [](const Entry* a, const Entry* b) { return number_of(*a) < number_of(*b); });
    for (std::size_t i = 0; i < entries.size(); ++i) {
      numbers_.set(entries[i], static_cast<std::uint32_t>(i));
      see_(*entries[i], i);
    }
    return entries;
  }

  Numbering& numbers_;
  Wanted wanted_;
  See see_;
  std::uint64_t top_ = 0;  // the sequence number of the last root
  std::size_t count_ = 0;
  std::vector<Entry*> near_;          // by distance in sequence numbers from the last root; null if not reached
  std::size_t room_ = 0;              // the size of near_ in use; 0 once all have been visited
  std::vector<Entry*> far_, leaves_;  // all others, with and without inputs
};

/// The entries that pass `wanted` and are reached from the roots through entries that pass it, in tape order, each
/// numbered in `numbers` by its place.
struct SeeNothing {
  void operator()(const Entry&, std::size_t) const {}
};
template <class Wanted>
std::vector<Entry*> reachable(std::span<const Tensor> roots, Numbering& numbers, Wanted wanted) {
  return Reachable(numbers, std::move(wanted), SeeNothing()).from(roots);
}
/// The same, and calls `see` with each entry and its place.
template <class Wanted, class See = SeeNothing>
std::vector<Entry*> reachable(std::span<Entry* const> roots, Numbering& numbers, Wanted wanted, See see = {}) {
  return Reachable(numbers, std::move(wanted), std::move(see)).from(roots);
}

}  // namespace xgrad
