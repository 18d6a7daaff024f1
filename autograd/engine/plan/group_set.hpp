#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xgrad::fused {

/// A set of group numbers as a bit set.
class GroupSet {
 public:
  bool contains(std::int32_t group) const {
    return word(group) < words_.size() && (words_[word(group)] >> (group % 64) & 1) != 0;
  }
  void insert(std::int32_t group) {
    if (word(group) >= words_.size()) words_.resize(word(group) + 1);
    words_[word(group)] |= std::uint64_t{1} << (group % 64);
  }
  void erase(std::int32_t group) {
    if (word(group) < words_.size()) words_[word(group)] &= ~(std::uint64_t{1} << (group % 64));
  }
  void insert(const GroupSet& others) {
    if (words_.size() < others.words_.size()) words_.resize(others.words_.size());
    for (std::size_t i = 0; i < others.words_.size(); ++i) words_[i] |= others.words_[i];
  }
  /// Whether the predicate holds for any group of the set.
  template <class Predicate>
  bool any(Predicate predicate) const {
    for (std::size_t i = 0; i < words_.size(); ++i)
      for (std::uint64_t left = words_[i]; left != 0; left &= left - 1)
        if (predicate(static_cast<std::int32_t>(64 * i) + std::countr_zero(left))) return true;
    return false;
  }
  void clear() { words_.clear(); }
  std::int64_t size() const {
    std::int64_t count = 0;
    for (const std::uint64_t each : words_) count += std::popcount(each);
    return count;
  }

 private:
  static std::size_t word(std::int32_t group) { return static_cast<std::size_t>(group) / 64; }

  std::vector<std::uint64_t> words_;
};

}  // namespace xgrad::fused
