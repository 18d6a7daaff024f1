#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/engine/graph/pending.hpp"

namespace xgrad::fused {

/// The structure of pending entries, the memory budget and the instruction set: everything a plan depends on, and
/// nothing else. Equal words mean that a plan made for one list of entries computes the other, with its own leaves and
/// constants.
class Key {
 public:
  static constexpr std::uint32_t first_leaf = 0x80000000;

  /// Numbers the leaves, too, from `first_leaf` on.
  Key(const Pending& pending, std::size_t budget);
  ~Key();
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;

  std::span<const std::uint64_t> words() const { return {words_.data(), size_}; }
  std::uint64_t hash() const;
  /// What the entries read that has a value, in order of first use.
  const std::vector<Entry*>& leaves() const { return leaves_; }

 private:
  struct Writer;
  std::vector<std::uint64_t> words_;  // the first `size_` of them
  std::size_t size_ = 0;
  std::vector<Entry*> leaves_;
};

}  // namespace xgrad::fused
