#pragma once

// Resizes spatial axes, one after the other, by weighted sums of elements.

#include "autograd/ops/per_axis.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

enum class Interpolation {
  nearest,    ///< of 1, 2 or 3 spatial axes: the element at or before the place
  linear,     ///< of one spatial axis: between two neighbours
  bilinear,   ///< the same for two
  trilinear,  ///< and for three
  bicubic,    ///< of two: the cubic convolution of four neighbours (Keys, 1981) with a = -0.75
};

struct InterpolationOptions {
  PerAxis size{};        ///< of the spatial axes of the result
  ScalePerAxis scale{};  ///< or by how much they are larger than those of x: the size is then floor(n scale)
  Interpolation mode = Interpolation::nearest;
  bool align_corners = false;  ///< whether the first and last elements stand at each other's places; not for nearest
};

/// x [N, C, ...spatial] with other sizes: element i of the result stands at r i for nearest, at r (i + 1/2) - 1/2
/// for the others, where r = n / size or 1 / scale, and with align_corners at i (n - 1) / (size - 1). Neighbours beyond
/// an end are the last element; before the first one linear is constant. A neighbour with weight 0 contributes exactly
/// nothing. Floating dtypes, for nearest any. ShapeError for other numbers of axes and empty ones; ValueError unless
/// either sizes or scales are given that leave at least one element, and for align_corners with nearest.
/// (PyTorch's formulas)
Tensor interpolate(const Operand& x, const InterpolationOptions& options);

}  // namespace xgrad
