#pragma once

// Rearranges elements, by the operations of movement.hpp. Negative axes count from the end.

#include <cstdint>
#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Axis from[i] becomes axis to[i]; the others keep their order. AxisError when an axis is given twice.
Tensor moveaxis(const Operand& x, const Axes& from, const Axes& to);
/// y[i] = x[i - shift], cyclically, of all elements in row-major order.
Tensor roll(const Operand& x, std::int64_t shift);
/// Rolls along axes, each by its shift: roll(x, {1, -1}, {0, 1}).
Tensor roll(const Operand& x, const std::vector<std::int64_t>& shifts, const Axes& axes);
Tensor roll(const Operand& x, std::int64_t shift, std::int64_t axis);
/// Repeats x repeats[i] times along axis i. Fewer repeats than axes are those of the last axes; with more, x gets axes
/// of size 1 in front. ValueError for repeats below 0. (numpy.tile)
Tensor tile(const Operand& x, const std::vector<std::int64_t>& repeats);
/// Repeats each element of an axis so many times in a row: [a, b] gives [a, a, b, b]. ValueError for repeats below 0.
Tensor repeat_interleave(const Operand& x, std::int64_t repeats, std::int64_t axis);
/// y[..., i] = x[..., i, ..., i + offset, ...]: the diagonal of two axes, as the last axis, above the main one for an
/// offset > 0.
Tensor diagonal(const Operand& x, std::int64_t offset = 0, std::int64_t axis1 = 0, std::int64_t axis2 = 1);
/// Matrices with the last axis of x on a diagonal, and zeros elsewhere: [..., n] gives [..., n + |offset|, n +
/// |offset|].
Tensor diag_embed(const Operand& x, std::int64_t offset = 0);
/// For a vector, a matrix with it on a diagonal; for a matrix, its diagonal. ShapeError for other numbers of axes.
Tensor diag(const Operand& x, std::int64_t offset = 0);
/// The sum of a diagonal of two axes.
Tensor trace(const Operand& x, std::int64_t offset = 0, std::int64_t axis1 = 0, std::int64_t axis2 = 1);
/// Vectors x_k of n_k elements as arrays of shape [n_0, n_1, ...], each constant along the other axes ("ij"). A number
/// (0-d) counts as one element.
std::vector<Tensor> meshgrid(const std::vector<Tensor>& vectors, const Location& where = Location::current());

}  // namespace xgrad
