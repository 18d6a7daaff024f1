#include "autograd/ops/pieces.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "autograd/ops/movement.hpp"

namespace xgrad {

bool Pieces::add(const Tensor& x) {
  std::optional<Piece> piece = piece_of(x);
  if (!piece) return false;
  if (pieces_.empty()) {
    first_ = x;
  } else {
    const Tensor& other = first_;
    if (piece->axis != pieces_[0].axis || x.shape() != other.shape() || x.dtype() != other.dtype()) return false;
  }
  const auto after = std::find_if(pieces_.begin(), pieces_.end(),
                                  [&](const Piece& each) { return each.start <= piece->start; });
  if (after != pieces_.end() && after->end() > piece->start) return false;
  if (after != pieces_.begin() && std::prev(after)->start < piece->end()) return false;
  pieces_.insert(after, *std::move(piece));
  return true;
}

Tensor Pieces::take() {
  const Tensor whole = std::exchange(first_, Tensor());
  const std::vector<Piece> pieces = std::exchange(pieces_, {});
  if (pieces.size() < 2) return whole;
  const std::int64_t axis = pieces[0].axis;
  std::vector<Tensor> parts;
  for (std::size_t i = pieces.size(); i-- > 0;) {
    const std::int64_t next = i > 0 ? pieces[i - 1].start : pieces[i].end();
    parts.push_back(pad(pieces[i].part, axis, 0, next - pieces[i].end()));
  }
  return pad(concat(parts, axis), axis, pieces.back().start, whole.shape()[axis] - pieces.front().end());
}

}  // namespace xgrad
