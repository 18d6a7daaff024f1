#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

/// Numbers for entries, for as long as no other Numbering of this thread is begun. Entries of this thread hold theirs
/// themselves; those of other threads, which may be read here but not written, go into a table.
class Numbering {
 public:
  static constexpr std::uint32_t absent = 0xffffffff;

  Numbering() : walk_(++Tape::current().walks), thread_(Tape::current().thread) {}
  std::uint32_t find(const Entry* entry) const {
    if (!is_own(entry)) [[unlikely]]
      return others_.find(entry);
    return entry->walk == walk_ ? entry->number : absent;
  }
  /// Whether the entry is new; if so it gets this number.
  bool insert(const Entry* entry, std::uint32_t number) {
    if (!is_own(entry)) [[unlikely]]
      return others_.insert(entry, number);
    if (entry->walk == walk_) return false;
    entry->walk = walk_;
    entry->number = number;
    return true;
  }
  /// The same for an entry of this thread, without a number.
  bool mark(const Entry* entry) {
    if (entry->walk == walk_) return false;
    entry->walk = walk_;
    return true;
  }
  /// Whether all entries with a number are of this thread.
  bool all_own() const { return others_.empty(); }
  /// Whether the entry is of this thread.
  bool is_own(const Entry* entry) const { return entry->owner == thread_; }
  /// Another number for an entry that has one.
  void set(const Entry* entry, std::uint32_t number) {
    if (!is_own(entry)) [[unlikely]]
      return others_.set(entry, number);
    entry->number = number;
  }

 private:
  // Open addressing, sized to a power of two.
  class Table {
   public:
    bool empty() const { return count_ == 0; }
    std::uint32_t find(const Entry* entry) const {
      if (count_ == 0) return absent;
      const Slot& slot = slots_[place(entry)];
      return slot.entry ? slot.number : absent;
    }
    bool insert(const Entry* entry, std::uint32_t number) {
      if (2 * (count_ + 1) > slots_.size()) grow();
      Slot& slot = slots_[place(entry)];
      if (slot.entry) return false;
      slot = {entry, number};
      ++count_;
      return true;
    }
    void set(const Entry* entry, std::uint32_t number) { slots_[place(entry)].number = number; }

   private:
    struct Slot {
      const Entry* entry = nullptr;
      std::uint32_t number = 0;
    };
    // Where the entry is, or would be.
    std::size_t place(const Entry* entry) const {
      const std::size_t last = slots_.size() - 1;
      std::size_t i = (reinterpret_cast<std::uintptr_t>(entry) * 0x9E3779B97F4A7C15u >> 20) & last;
      while (slots_[i].entry && slots_[i].entry != entry) i = (i + 1) & last;
      return i;
    }
    void grow() {
      std::vector<Slot> old(std::max<std::size_t>(64, slots_.size() * 2));
      old.swap(slots_);
      for (const Slot& slot : old)
        if (slot.entry) slots_[place(slot.entry)] = slot;
    }

    std::vector<Slot> slots_;
    std::size_t count_ = 0;
  };

  std::uint64_t walk_;
  std::uint32_t thread_;
  Table others_;
};

/// Collects the entries that pass `wanted` and are reached from some roots through entries that pass it. Lists and
/// loops: graphs may be deeper than any stack.
template <class Wanted>
class Reachable {
 public:
  Reachable(Numbering& numbers, Wanted wanted) : numbers_(numbers), wanted_(std::move(wanted)) {}

  template <class Roots>
  std::vector<Entry*> from(const Roots& roots) {
    for (const auto& root : roots)
      if (const Entry* entry = entry_of(root); entry && numbers_.is_own(entry)) top_ = std::max(top_, entry->sequence);
    make_room(std::min<std::uint64_t>(top_, Tape::current().unevaluated) + 1);
    for (const auto& root : roots)
      if (Entry* entry = entry_of(root)) visit(entry);
    // What an entry reads was recorded before it, so one pass meets everything that is near.
    for (std::size_t distance = 0; distance < room_; ++distance)
      if (const Entry* entry = near_[distance]) visit_inputs(*entry);
    room_ = 0;
    for (std::size_t next = 0; next < far_.size(); ++next) visit_inputs(*far_[next]);
    return in_order();
  }

 private:
  static Entry* entry_of(const Tensor& tensor) { return tensor.entry(); }
  static Entry* entry_of(Entry* entry) { return entry; }

  void visit_inputs(const Entry& entry) {
    for (const Tensor& input : entry.input_span()) visit(input.entry());
  }
  void visit(Entry* entry) {
    if (!wanted_(*entry)) return;
    const bool own = numbers_.is_own(entry);
    if (own ? !numbers_.mark(entry) : !numbers_.insert(entry, 0)) return;
    ++count_;
    const std::uint64_t distance = top_ - entry->sequence;
    if (own && distance < room_) [[likely]]
      near_[distance] = entry;
    else
      visit_far(entry, distance);
  }
  // Threads count for themselves; and what was recorded long ago is not worth the room to get there. What reads nothing
  // may come first.
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
      std::stable_sort(begin, entries.end(), [](const Entry* a, const Entry* b) { return a->sequence < b->sequence; });
    for (std::size_t i = 0; i < entries.size(); ++i) numbers_.set(entries[i], static_cast<std::uint32_t>(i));
    return entries;
  }

  Numbering& numbers_;
  Wanted wanted_;
  std::uint64_t top_ = 0;  // the sequence number of the last root
  std::size_t count_ = 0;
  std::vector<Entry*> near_;  // by how long before the last root they were recorded; null where nothing was reached
  std::size_t room_ = 0;      // for so many; 0 when all of them have been looked at
  std::vector<Entry*> far_, leaves_;  // the others: those with and those without inputs
};

/// The entries that pass `wanted` and are reached from the roots through entries that pass it, in tape order, each
/// numbered in `numbers` by its place.
template <class Wanted>
std::vector<Entry*> reachable(std::span<const Tensor> roots, Numbering& numbers, Wanted wanted) {
  return Reachable<Wanted>(numbers, std::move(wanted)).from(roots);
}
template <class Wanted>
std::vector<Entry*> reachable(std::span<Entry* const> roots, Numbering& numbers, Wanted wanted) {
  return Reachable<Wanted>(numbers, std::move(wanted)).from(roots);
}

}  // namespace xgrad
