#pragma once

// Reading parts: x(0, slice(1, -1), all, newaxis), x[i], unbind. Compositions of slice, reshape and gather.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "autograd/core/location.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Elements start, start + step, ... before stop of one axis, by Python's rules: negative numbers count from the end,
/// missing ones are the ends, and numbers beyond an end are clipped.
struct IndexRange {
  std::optional<std::int64_t> start, stop;
  std::int64_t step = 1;
};
/// For an index: x(slice(1, -1)) is numpy's x[1:-1], slice({}, 3) is [:3], slice(2, {}) is [2:], slice({}, {}, -1) is
/// [::-1]. ValueError for step 0.
inline IndexRange slice(std::optional<std::int64_t> start, std::optional<std::int64_t> stop, std::int64_t step = 1) {
  return {start, stop, step};
}
/// For an index: the whole axis. x(all, 0) and x(all(), 0) are numpy's x[:, 0].
inline IndexRange all() { return {}; }

/// For an index: as many whole axes as the other indices leave. At most once.
struct Ellipsis {};
inline constexpr Ellipsis ellipsis;
/// For an index: a new axis of size 1.
struct NewAxis {};
inline constexpr NewAxis newaxis;

/// One index of x(i, j, ...); axes without an index stay whole.
///   a whole number    that index, perhaps counted from the end; its axis goes. IndexError when it is out of range.
///   slice(a, b, step) the range; `all`: the whole axis
///   ellipsis, newaxis
///   an int64 Tensor   the elements at these indices, of which none is negative; its axes stand where the axis stood.
///                     At most one index is a Tensor. IndexError, perhaps only when it is evaluated, for one out of
///                     range; DTypeError for another dtype, a mask among them: `where` keeps the shape.
/// AxisError for more indices than axes. It refers to the Tensor that it is made from, so it is for function parameters
/// only.
class Index {
 public:
  enum class Kind { number, range, rest, added, list };

  template <std::integral N>
  requires(!std::same_as<N, bool>) Index(N number, const Location& where = Location::current())
  noexcept : kind_(Kind::number), number_(whole(number)), where_(where) {}
  Index(const IndexRange& range, const Location& where = Location::current()) noexcept
      : kind_(Kind::range), range_(range), where_(where) {}
  /// `all`, without its parentheses.
  Index(IndexRange (*)(), const Location& where = Location::current()) noexcept : kind_(Kind::range), where_(where) {}
  Index(std::nullptr_t) = delete;
  Index(Ellipsis, const Location& where = Location::current()) noexcept : kind_(Kind::rest), where_(where) {}
  Index(NewAxis, const Location& where = Location::current()) noexcept : kind_(Kind::added), where_(where) {}
  Index(const Tensor& tensor, const Location& where = Location::current()) noexcept
      : kind_(Kind::list), tensor_(&tensor), where_(where) {}

  Kind kind() const { return kind_; }
  std::int64_t number() const { return number_; }
  const IndexRange& range() const { return range_; }
  const Tensor& tensor() const { return *tensor_; }
  const Location& where() const { return where_; }

 private:
  // An unsigned number beyond int64, such as std::size_t{0} - 1, must not become one that counts from the end.
  template <class N>
  static constexpr std::int64_t whole(N number) {
    constexpr auto highest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if constexpr (std::unsigned_integral<N>)
      if (static_cast<std::uint64_t>(number) > highest) return std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(number);
  }

  Kind kind_;
  std::int64_t number_ = 0;
  IndexRange range_;
  const Tensor* tensor_ = nullptr;
  Location where_;
};

/// x(0), x(1), ... along an axis, which they no longer have. The inverse of `stack`.
std::vector<Tensor> unbind(const Operand& x, std::int64_t axis = 0);

}  // namespace xgrad
