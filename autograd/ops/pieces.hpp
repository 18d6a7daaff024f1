#pragma once

// Adds up Tensors that are 0 outside a part, by joining the parts.

#include <cstdint>
#include <optional>
#include <vector>

#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// A Tensor that is padded with zeros along one axis.
struct Piece {
  Tensor part;
  std::int64_t axis = 0, start = 0;

  std::int64_t end() const { return start + part.shape()[axis]; }
};

/// The piece that x is, if the entry of x pads another Tensor with zeros.
std::optional<Piece> piece_of(const Tensor& x);

/// The sum of Tensors of one shape that are pieces along one axis and do not overlap.
class Pieces {
 public:
  /// Adds x if it is such a piece. Returns whether it is.
  bool add(const Tensor& x);
  bool empty() const { return pieces_.empty(); }
  /// Returns the sum and forgets the pieces. A few are added as they are; many are joined, because adding n of them
  /// costs n times the elements of the sum.
  Tensor take();

 private:
  Tensor joined() const;

  std::vector<Tensor> wholes_;  // the padded Tensors
  std::vector<Piece> pieces_;   // from the last to the first along the axis, the order of a backward pass
};

}  // namespace xgrad
