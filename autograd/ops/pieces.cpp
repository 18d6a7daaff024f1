#include "autograd/ops/pieces.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"

namespace xgrad {

bool Pieces::add(const Tensor& x) {
  std::optional<Piece> piece = piece_of(x);
  if (!piece) return false;
  if (!pieces_.empty()) {
    const Tensor& other = wholes_[0];
    if (piece->axis != pieces_[0].axis || x.shape() != other.shape() || x.dtype() != other.dtype()) return false;
  }
  const auto after =
      std::find_if(pieces_.begin(), pieces_.end(), [&](const Piece& each) { return each.start <= piece->start; });
  if (after != pieces_.end() && after->end() > piece->start) return false;
  if (after != pieces_.begin() && std::prev(after)->start < piece->end()) return false;
  pieces_.insert(after, *std::move(piece));
  wholes_.push_back(x);
  return true;
}

Tensor Pieces::take() {
  constexpr std::size_t few = 4;
  Tensor sum = wholes_.size() > few ? joined() : wholes_[0];
  for (std::size_t i = 1; i < wholes_.size() && wholes_.size() <= few; ++i) sum = sum + wholes_[i];
  wholes_.clear(), pieces_.clear();
  return sum;
}

Tensor Pieces::joined() const {
  const std::int64_t axis = pieces_[0].axis;
  std::vector<Tensor> parts;
  for (std::size_t i = pieces_.size(); i-- > 0;) {
    const std::int64_t next = i > 0 ? pieces_[i - 1].start : pieces_[i].end();
    parts.push_back(pad(pieces_[i].part, axis, 0, next - pieces_[i].end()));
  }
  // -0 in a part becomes 0, because each element is added to zeros of the other parts.
  const Tensor joined = concat(parts, axis) + 0;
  return pad(joined, axis, pieces_.back().start, wholes_[0].shape()[axis] - pieces_.front().end());
}

}  // namespace xgrad
