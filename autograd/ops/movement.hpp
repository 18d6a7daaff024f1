#pragma once

// Movements of elements. Negative axes and indices count from the end.

#include <optional>
#include <utility>
#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// The same elements, row-major, under another shape; one size may be -1 and is inferred.
Tensor reshape(const Operand& x, const Shape& shape);
/// Output axis i is input axis order[i].
Tensor permute(const Operand& x, const std::vector<std::int64_t>& order);
/// Swaps two axes.
Tensor transpose(const Operand& x, std::int64_t axis0 = -2, std::int64_t axis1 = -1);
/// Repeats axes of size 1, and adds axes in front, until the shape is `shape` (-1 keeps a size).
Tensor broadcast_to(const Operand& x, const Shape& shape);
/// Elements start, start + step, ... before stop, of one axis: Python's rules, negative steps included.
Tensor slice(const Operand& x, std::int64_t axis, std::optional<std::int64_t> start, std::optional<std::int64_t> stop,
             std::int64_t step = 1);
/// One index of an axis; the axis goes. IndexError when it is out of range.
Tensor select(const Operand& x, std::int64_t axis, std::int64_t index);
/// Puts `before` and `after` elements of `value` around an axis, and `interior` between its elements. Negative
/// `before` and `after` cut.
Tensor pad(const Operand& x, std::int64_t axis, std::int64_t before, std::int64_t after, double value = 0,
           std::int64_t interior = 0);
/// Reverses axes.
Tensor flip(const Operand& x, const Axes& axes = all_axes);
/// Joins along an axis.
Tensor concat(const std::vector<Tensor>& tensors, std::int64_t axis = 0, const Location& where = Location::current());
/// Joins along a new axis.
Tensor stack(const std::vector<Tensor>& tensors, std::int64_t axis = 0, const Location& where = Location::current());
/// Pieces of `size` along an axis; the last may be smaller.
std::vector<Tensor> split(const Operand& x, std::int64_t size, std::int64_t axis = 0);
/// Pieces of the given sizes, which must add up to the axis.
std::vector<Tensor> split(const Operand& x, const std::vector<std::int64_t>& sizes, std::int64_t axis = 0);
/// Drops axes of size 1: all of them, or the given ones (ShapeError when one is not of size 1).
Tensor squeeze(const Operand& x, const Axes& axes = all_axes);
/// Inserts an axis of size 1.
Tensor unsqueeze(const Operand& x, std::int64_t axis);
/// Joins the axes from `first` to `last` into one.
Tensor flatten(const Operand& x, std::int64_t first = 0, std::int64_t last = -1);

}  // namespace xgrad
