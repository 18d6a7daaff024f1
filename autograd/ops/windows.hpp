#pragma once

// Sliding windows over axes, and padding.

#include <cstdint>
#include <vector>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Where the elements of the padding come from.
enum class PadMode {
  constant,   ///< a value
  reflect,    ///< the axis mirrored at its last element: c b | a b c | b a
  replicate,  ///< its last element: a a | a b c | c c
  circular,   ///< its other end: b c | a b c | a b
};
/// The elements of the padding before and after an axis; negative numbers cut elements off (constant mode only).
struct Around {
  std::int64_t axis, before, after;
};
/// Pads several axes, one after the other. ValueError if an axis has too few elements for the mode: `before` and
/// `after` must be below the size for reflect, and at most the size for circular.
Tensor pad(const Operand& x, const std::vector<Around>& axes, PadMode mode = PadMode::constant, double value = 0);

/// The windows of an axis: `size` elements, `dilation` apart, beginning at every multiple of `stride`, as many as lie
/// within the axis and `before` and `after` elements around it.
struct Window {
  std::int64_t axis, size, stride = 1, dilation = 1, before = 0, after = 0;

  /// How many there are on an axis of so many elements: (n + before + after - dilation (size - 1) - 1) / stride + 1.
  std::int64_t count(std::int64_t elements) const;
  /// Whether they cover an axis of so many elements side by side, so that each element is in one of them.
  bool tiles(std::int64_t elements) const;
};
/// Whether all windows of a Tensor of this shape do; such windows are a view, and so is what folds them back.
bool tile(const std::vector<Window>& windows, const Shape& shape);
/// The position of the axes with the places inside windows.
enum class WindowAxes {
  last,    ///< behind all axes, in the order of the list
  before,  ///< before the first axis that has windows, in the order of the axes: as products want them
};
/// y[..., i, ..., k] = x[..., i stride + k dilation - before, ...], and `value` around the axis: the number of the
/// window stands in place of its axis, and the place in it, for each of the windows, behind all axes, or where
/// `WindowAxes` says. ValueError for sizes, strides and dilations below 1, amounts below 0 and two windows of one axis.
Tensor unfold(const Operand& x, const std::vector<Window>& windows, double value = 0,
              WindowAxes axes = WindowAxes::last);
/// The transpose of unfold: a Tensor of shape `shape` in which each element is the sum of its copies in the windows.
/// ShapeError unless x has the shape that unfold gives for it; DTypeError for bool.
Tensor fold(const Operand& x, const Shape& shape, const std::vector<Window>& windows,
            WindowAxes axes = WindowAxes::last);

}  // namespace xgrad
