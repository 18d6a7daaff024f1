#pragma once

// Pooling and its counterparts, composed of windows, reductions and reading and writing at indices. Inputs are
// [N, C, ...spatial], or without N, floating; results likewise. ShapeError for another number of axes, ValueError for
// sizes, strides, dilations below 1, negative padding and other numbers that make no sense, and for a window that has
// no element but padding (its dilation takes it over all others), where those alone count: of the maximum, and of the
// mean without `count_include_pad`.

#include "autograd/ops/per_axis.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

struct PoolingOptions {
  PerAxis stride{};     ///< the size of the window unless given
  PerAxis padding = 0;  ///< at most half the window: of -inf for the maximum, of 0 for the mean
  PerAxis dilation = 1;
  bool ceil_mode = false;         ///< a last window that reaches beyond the end counts, if it begins before it
  bool count_include_pad = true;  ///< for the mean: whether padding counts as elements
};

/// The maximum of each window; ties share the derivative.
Tensor max_pool1d(const Operand& x, const PerAxis& size, const PoolingOptions& options = {});
Tensor max_pool2d(const Operand& x, const PerAxis& size, const PoolingOptions& options = {});
Tensor max_pool3d(const Operand& x, const PerAxis& size, const PoolingOptions& options = {});
/// The mean of each window.
Tensor avg_pool1d(const Operand& x, const PerAxis& size, const PoolingOptions& options = {});
Tensor avg_pool2d(const Operand& x, const PerAxis& size, const PoolingOptions& options = {});
Tensor avg_pool3d(const Operand& x, const PerAxis& size, const PoolingOptions& options = {});
/// (sum x^p)^(1/p) over each window: of x itself, not of |x|, so that a negative sum gives NaN for p other than 1. It
/// is scaled, and no power overflows. Its derivative is 0 where the sum is, for p other than 1. A window that reaches
/// beyond the end (ceil_mode) counts as if its mean were that of a whole one. ValueError unless 0 < p < inf. (PyTorch's
/// definition)
Tensor lp_pool1d(const Operand& x, double p, const PerAxis& size, const PoolingOptions& options = {});
Tensor lp_pool2d(const Operand& x, double p, const PerAxis& size, const PoolingOptions& options = {});
Tensor lp_pool3d(const Operand& x, double p, const PerAxis& size, const PoolingOptions& options = {});

/// The maximum or the mean of `size` parts of each axis: part i of n elements goes from floor(i n / size) up to
/// ceil((i + 1) n / size), which is not in it, so that parts may share elements. ShapeError for an empty axis.
Tensor adaptive_max_pool1d(const Operand& x, const PerAxis& size);
Tensor adaptive_max_pool2d(const Operand& x, const PerAxis& size);
Tensor adaptive_max_pool3d(const Operand& x, const PerAxis& size);
Tensor adaptive_avg_pool1d(const Operand& x, const PerAxis& size);
Tensor adaptive_avg_pool2d(const Operand& x, const PerAxis& size);
Tensor adaptive_avg_pool3d(const Operand& x, const PerAxis& size);

/// The maximum of each window, and where it stands: its int64 index among the elements of the spatial axes, row-major.
struct Pooled {
  Tensor values, indices;
};
// Of equal elements the first is the maximum, and it alone has a derivative (in the functions without indices they
// share it); of NaNs the first.
Pooled max_pool1d_with_indices(const Operand& x, const PerAxis& size, const PoolingOptions& options = {});
Pooled max_pool2d_with_indices(const Operand& x, const PerAxis& size, const PoolingOptions& options = {});
Pooled max_pool3d_with_indices(const Operand& x, const PerAxis& size, const PoolingOptions& options = {});
Pooled adaptive_max_pool1d_with_indices(const Operand& x, const PerAxis& size);
Pooled adaptive_max_pool2d_with_indices(const Operand& x, const PerAxis& size);
Pooled adaptive_max_pool3d_with_indices(const Operand& x, const PerAxis& size);

struct UnpoolingOptions {
  PerAxis stride{};  ///< the size of the window unless given
  PerAxis padding = 0;
  PerAxis
      output_size{};  ///< less than a stride from the usual (n - 1) stride - 2 padding + size, which it is unless given
};
/// Zeros, but for the elements of x at the places that `indices` of the same shape name among the spatial axes of the
/// result; of equal indices the last one wins. IndexError for one that is out of range.
Tensor max_unpool1d(const Operand& x, const Operand& indices, const PerAxis& size,
                    const UnpoolingOptions& options = {});
Tensor max_unpool2d(const Operand& x, const Operand& indices, const PerAxis& size,
                    const UnpoolingOptions& options = {});
Tensor max_unpool3d(const Operand& x, const Operand& indices, const PerAxis& size,
                    const UnpoolingOptions& options = {});

}  // namespace xgrad
