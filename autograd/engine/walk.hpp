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
    if (entry->owner != thread_) return others_.find(entry);
    return entry->walk == walk_ ? entry->number : absent;
  }
  /// Whether the entry is new; if so it gets this number.
  bool insert(const Entry* entry, std::uint32_t number) {
    if (entry->owner != thread_) return others_.insert(entry, number);
    if (entry->walk == walk_) return false;
    entry->walk = walk_;
    entry->number = number;
    return true;
  }
  /// Another number for an entry that has one.
  void set(const Entry* entry, std::uint32_t number) {
    if (entry->owner != thread_) return others_.set(entry, number);
    entry->number = number;
  }

 private:
  // Open addressing, sized to a power of two.
  class Table {
   public:
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

/// Sorts entries into tape order. Their sequence numbers mostly lie close together: each to its place then.
inline void sort_by_sequence(std::vector<Entry*>& entries) {
  if (entries.empty()) return;
  const auto earlier = [](const Entry* a, const Entry* b) { return a->sequence < b->sequence; };
  std::uint64_t first = entries[0]->sequence, last = first;
  for (const Entry* entry : entries) {
    first = std::min(first, entry->sequence);
    last = std::max(last, entry->sequence);
  }
  if (last - first >= 8 * entries.size()) return std::stable_sort(entries.begin(), entries.end(), earlier);
  std::vector<Entry*> places(last - first + 1);
  for (Entry* entry : entries) {
    Entry*& place = places[entry->sequence - first];
    if (place) return std::stable_sort(entries.begin(), entries.end(), earlier);  // threads count for themselves
    place = entry;
  }
  std::copy_if(places.begin(), places.end(), entries.begin(), [](const Entry* entry) { return entry != nullptr; });
}

/// The entries that pass `wanted` and are reached from the roots through entries that pass it, in tape order, each
/// numbered in `numbers` by its place. A list and a loop: graphs may be deeper than any stack.
template <class Wanted>
std::vector<Entry*> reachable(std::span<const Tensor> roots, Numbering& numbers, Wanted&& wanted) {
  std::vector<Entry*> found;
  const auto visit = [&](const Tensor& tensor) {
    Entry* entry = tensor.entry();
    if (entry && wanted(*entry) && numbers.insert(entry, 0)) found.push_back(entry);
  };
  for (const Tensor& root : roots) visit(root);
  for (std::size_t next = 0; next < found.size(); ++next)
    for (const Tensor& input : found[next]->input_span()) visit(input);
  sort_by_sequence(found);
  for (std::size_t i = 0; i < found.size(); ++i) numbers.set(found[i], static_cast<std::uint32_t>(i));
  return found;
}

}  // namespace xgrad
