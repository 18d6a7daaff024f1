#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/engine/graph/inputs.hpp"
#include "autograd/engine/graph/pending.hpp"

namespace xgrad::fused {

/// Everything that a plan depends on, and nothing else: the structure of pending entries, the memory budget and the
/// instruction set. A plan that was made for one list of entries computes every list with equal words, with that list's
/// leaves and constants.
class Key {
 public:
  /// Numbers the leaves, too; the Numbering in `pending` must stay until the plan has run.
  Key(const Pending& pending, std::size_t budget);
  ~Key();
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;

  std::span<const std::uint64_t> words() const { return {words_.data(), size_}; }
  std::uint64_t hash() const;
  /// The leaves and constants that a plan for this key gets.
  const Inputs& inputs() const { return inputs_; }

 private:
  struct Writer;
  std::vector<std::uint64_t> words_;  // the first `size_` words are the key
  std::size_t size_ = 0;
  Inputs inputs_;
};

}  // namespace xgrad::fused
