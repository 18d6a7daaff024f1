#pragma once

// For the library's own .cpp files: helpers for Tensors of [N, C] and some spatial axes.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "autograd/ops/per_axis.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::grid {

using Sizes = std::vector<std::int64_t>;

inline std::size_t at(std::int64_t axis) { return static_cast<std::size_t>(axis); }
/// The sizes of x from this axis on.
Sizes sizes_of(const Tensor& x, std::int64_t begin);
Sizes joined(std::initializer_list<Sizes> lists);
/// x with the axis N in front, and whether that was added. ShapeError for another number of axes.
std::pair<Tensor, bool> batched(const Operand& x, std::int64_t axes, const char* call);
/// y [N, C, ...] plus one number per channel, recorded row by row, so that the derivative by the numbers sums rows
/// first.
Tensor plus_each_channel(const Tensor& y, const Tensor& numbers);
/// One number for each axis; ValueError unless they are from `least` to 2^31, where no product of two overflows.
Sizes counts(const PerAxis& list, std::int64_t axes, std::int64_t least, const char* call, const char* name,
             const Location& where);

}  // namespace xgrad::grid
