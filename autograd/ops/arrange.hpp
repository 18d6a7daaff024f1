#pragma once

// Rearranging elements, composed of the operations of movement.hpp. Axes may be negative: they count from the end.

#include <cstdint>
#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Axis from[i] becomes axis to[i]; the others keep their order. AxisError when an axis is given twice.
Tensor moveaxis(const Operand& x, const Axes& from, const Axes& to);
/// y[i] = x[i - shift], in a circle, of the elements in their order, whatever the axes.
Tensor roll(const Operand& x, std::int64_t shift);
/// The same along axes, each by its shift: roll(x, {1, -1}, {0, 1}).
Tensor roll(const Operand& x, const std::vector<std::int64_t>& shifts, const Axes& axes);
Tensor roll(const Operand& x, std::int64_t shift, std::int64_t axis);
/// x side by side, repeats[i] times along axis i; with fewer repeats than axes they are those of the last axes, with
/// more of them x has axes of size 1 in front. ValueError for repeats below 0. (numpy.tile)
Tensor tile(const Operand& x, const std::vector<std::int64_t>& repeats);
/// Each index of the axis so many times in a row: [a, b] gives [a, a, b, b]. ValueError below 0.
Tensor repeat_interleave(const Operand& x, std::int64_t repeats, std::int64_t axis);
/// y[..., i] = x[..., i, ..., i + offset, ...]: the diagonal of two axes, as the last axis, above the main one for an
/// offset > 0.
Tensor diagonal(const Operand& x, std::int64_t offset = 0, std::int64_t axis1 = 0, std::int64_t axis2 = 1);
/// Matrices with the last axis of x on a diagonal, and zeros elsewhere: [..., n] gives [..., n + |offset|, n +
/// |offset|].
Tensor diag_embed(const Operand& x, std::int64_t offset = 0);
/// A matrix with this vector on a diagonal; of a matrix, its diagonal. ShapeError for others.
Tensor diag(const Operand& x, std::int64_t offset = 0);
/// The sum of a diagonal of two axes.
Tensor trace(const Operand& x, std::int64_t offset = 0, std::int64_t axis1 = 0, std::int64_t axis2 = 1);
/// Vectors x_k of n_k elements as arrays of shape [n_0, n_1, ...], each constant along the other axes ("ij"). A number
/// (0-d) counts as one element.
std::vector<Tensor> meshgrid(const std::vector<Tensor>& vectors, const Location& where = Location::current());

}  // namespace xgrad
