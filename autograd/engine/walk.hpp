#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "autograd/tape/entry.hpp"

namespace xgrad {

/// A set of entries with a number for each: open addressing, sized to a power of two.
class EntryMap {
 public:
  static constexpr std::uint32_t absent = 0xffffffff;

  EntryMap() : slots_(64) {}
  std::uint32_t find(const Entry* entry) const {
    for (std::size_t i = place(entry);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].entry == entry) return slots_[i].number;
      if (slots_[i].entry == nullptr) return absent;
    }
  }
  /// Whether the entry is new; if so it gets this number.
  bool insert(const Entry* entry, std::uint32_t number) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    return put(entry, number);
  }
  void set(const Entry* entry, std::uint32_t number) {
    for (std::size_t i = place(entry);; i = (i + 1) & (slots_.size() - 1))
      if (slots_[i].entry == entry) {
        slots_[i].number = number;
        return;
      }
  }

 private:
  struct Slot {
    const Entry* entry = nullptr;
    std::uint32_t number = 0;
  };
  std::size_t place(const Entry* entry) const {
    return (reinterpret_cast<std::uintptr_t>(entry) * 0x9E3779B97F4A7C15u >> 20) & (slots_.size() - 1);
  }
  bool put(const Entry* entry, std::uint32_t number) {
    for (std::size_t i = place(entry);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].entry == entry) return false;
      if (slots_[i].entry != nullptr) continue;
      slots_[i] = {entry, number};
      ++count_;
      return true;
    }
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    count_ = 0;
    for (const Slot& slot : old)
      if (slot.entry) put(slot.entry, slot.number);
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

/// The entries that pass `wanted` and are reached from the roots through entries that pass it, in tape order, each
/// numbered in `numbers` by its place. A list and a loop: graphs may be deeper than any stack.
template <class Wanted>
std::vector<Entry*> reachable(std::span<const Tensor> roots, EntryMap& numbers, Wanted&& wanted) {
  std::vector<Entry*> found;
  const auto visit = [&](const Tensor& tensor) {
    Entry* entry = tensor.entry();
    if (entry && wanted(*entry) && numbers.insert(entry, 0)) found.push_back(entry);
  };
  for (const Tensor& root : roots) visit(root);
  for (std::size_t next = 0; next < found.size(); ++next)
    for (const Tensor& input : found[next]->input_span()) visit(input);
  std::sort(found.begin(), found.end(), [](const Entry* a, const Entry* b) { return a->sequence < b->sequence; });
  for (std::size_t i = 0; i < found.size(); ++i) numbers.set(found[i], static_cast<std::uint32_t>(i));
  return found;
}

}  // namespace xgrad
