#pragma once

// What an evaluation has to compute.

#include <span>
#include <vector>

#include "autograd/tape/traversal.hpp"

namespace xgrad {

/// What is to be computed: the entries without a value that the roots depend on, in tape order, and the roots, which
/// somebody holds. The memory of donated Tensors may be overwritten (see `evaluate` in engine.hpp).
struct Pending {
  std::vector<Entry*> entries;
  Numbering& numbers;  // of the entries: their places
  std::vector<Entry*> roots;
  std::span<const Tensor> donated = {};
};

namespace fused {

/// Whether programs and products read the elements of the entry in the memory of its input, so that it costs nothing.
inline bool is_view(const Entry& entry) {
  using Kind = Lowering::Kind;
  return entry.kind == Kind::alias || entry.kind == Kind::broadcast || entry.kind == Kind::transposition ||
         ((entry.kind == Kind::strided || entry.kind == Kind::shifted) && is_floating(entry.dtype) && entry.mergeable);
}
/// Whether a later backward pass may read the value of this entry. What is inside a checkpoint is not kept for it,
/// because the backward pass computes it again.
inline bool may_be_wanted(const Entry& entry) { return entry.tracked && !entry.differentiated && entry.segment == 0; }
/// Whether the entry is the result of a checkpoint.
inline bool ends_checkpoint(const Entry& entry) {
  return entry.segment == 0 && entry.input_count == 1 && entry.input(0).entry()->segment != 0;
}

}  // namespace fused

}  // namespace xgrad
