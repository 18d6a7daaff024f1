#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/engine/graph/inputs.hpp"
#include "autograd/engine/graph/pending.hpp"

namespace xgrad::fused {

/// The structure of pending entries, the memory budget and the instruction set: everything a plan depends on, and
/// nothing else. Equal words mean that a plan made for one list of entries computes the other, with its own leaves and
/// constants.
class Key {
 public:
  /// Numbers the leaves, too: the Numbering holds until the plan has run.
  Key(const Pending& pending, std::size_t budget);
  ~Key();
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;

  std::span<const std::uint64_t> words() const { return {words_.data(), size_}; }
  std::uint64_t hash() const;
  /// What a plan for this key is given.
  const Inputs& inputs() const { return inputs_; }

 private:
  struct Writer;
  std::vector<std::uint64_t> words_;  // the first `size_` of them
  std::size_t size_ = 0;
  Inputs inputs_;
};

}  // namespace xgrad::fused
