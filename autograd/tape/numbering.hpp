#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

/// Gives entries numbers, which hold until another Numbering of this thread begins. Entries of this thread store their
/// numbers; those of other threads may be read here but not written, so their numbers are in a table.
class Numbering {
 public:
  static constexpr std::uint32_t absent = 0xffffffff;

  Numbering() : id_(++Tape::current().numberings), thread_(Tape::current().thread) {}
  std::uint32_t find(const Entry* entry) const {
    if (!is_own(entry)) [[unlikely]]
      return others_.find(entry);
    return entry->numbered_by == id_ ? entry->number : absent;
  }
  /// Gives the entry this number unless it has one. Returns whether it did.
  bool insert(const Entry* entry, std::uint32_t number) {
    if (!is_own(entry)) [[unlikely]]
      return others_.insert(entry, number);
    if (entry->numbered_by == id_) return false;
    entry->numbered_by = id_;
    entry->number = number;
    return true;
  }
  /// Marks an entry of this thread, without a number. Returns whether it was new.
  bool mark(const Entry* entry) {
    if (entry->numbered_by == id_) return false;
    entry->numbered_by = id_;
    return true;
  }
  /// Whether all entries with a number are of this thread.
  bool all_own() const { return others_.empty(); }
  /// Whether the entry is of this thread.
  bool is_own(const Entry* entry) const { return entry->owner == thread_; }
  /// Changes the number of an entry that has one.
  void set(const Entry* entry, std::uint32_t number) {
    if (!is_own(entry)) [[unlikely]]
      return others_.set(entry, number);
    entry->number = number;
  }

 private:
  // A hash table with open addressing, whose size is a power of two.
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
    // The slot where the entry is, or would be.
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

  std::uint64_t id_;
  std::uint32_t thread_;
  Table others_;
};

}  // namespace xgrad
