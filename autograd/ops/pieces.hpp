#pragma once

// Tensors that are 0 outside a part of them, which are added up by joining the parts.

#include <cstdint>
#include <optional>
#include <vector>

#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// What lies between zeros along one axis.
struct Piece {
  Tensor part;
  std::int64_t axis = 0, start = 0;

  std::int64_t end() const { return start + part.shape()[axis]; }
};

/// The piece that is padded with zeros to `x`, if `x` is that.
std::optional<Piece> piece_of(const Tensor& x);

/// The sum of Tensors of one shape that are pieces along one axis and do not overlap.
class Pieces {
 public:
  /// Whether it could be added.
  bool add(const Tensor& x);
  bool empty() const { return pieces_.empty(); }
  /// The sum, and nothing is left here. Few are added as they are, many are joined: n of them would add up n times as
  /// many elements as the sum has.
  Tensor take();

 private:
  Tensor joined() const;

  std::vector<Tensor> wholes_;  // as they came
  std::vector<Piece> pieces_;   // from the last to the first along the axis, as a loop over an axis gives them back
};

}  // namespace xgrad
