#pragma once

// Convolutions and their transposes, composed of windows and products. Inputs are [N, C, ...spatial], or without N;
// results likewise.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <utility>

#include "autograd/ops/per_axis.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// How windows end at the border of an axis.
enum class Border {
  valid,  ///< all windows lie inside it
  same,   ///< zero padding keeps the size (stride 1); if it is odd, the end gets one more
};
/// Zeros on both sides of each spatial axis, or a Border.
struct Padding {
  template <std::integral N>
  Padding(N all) : amounts(all) {}
  Padding(std::initializer_list<std::int64_t> list) : amounts(list) {}
  Padding(PerAxis list) : amounts(std::move(list)) {}
  Padding(Border rule) : amounts(0), border(rule) {}
  PerAxis amounts;
  std::optional<Border> border{};
};

struct ConvolutionOptions {
  PerAxis stride = 1;
  Padding padding = 0;
  PerAxis dilation = 1;     ///< the distance between elements of a window
  std::int64_t groups = 1;  ///< groups of channels: each group of outputs sees its group of inputs
};

/// Cross-correlation: y[n, o, i] = bias[o] + sum over c, k of w[o, c, k] x[n, c, i stride + k dilation - padding], with
/// weight [O, C / groups, ...kernel] and bias [O], or none (an undefined Tensor). ShapeError when they do not fit;
/// ValueError for groups that do not divide O and C, and for "same" with a stride.
Tensor conv1d(const Operand& x, const Tensor& weight, const Tensor& bias = {}, const ConvolutionOptions& options = {});
Tensor conv2d(const Operand& x, const Tensor& weight, const Tensor& bias = {}, const ConvolutionOptions& options = {});
Tensor conv3d(const Operand& x, const Tensor& weight, const Tensor& bias = {}, const ConvolutionOptions& options = {});

struct TransposedConvolutionOptions {
  PerAxis stride = 1;
  PerAxis padding = 0;         ///< that of the convolution that this is the transpose of: it is cut off
  PerAxis output_padding = 0;  ///< so many more elements at the end; below the stride or the dilation
  PerAxis dilation = 1;
  std::int64_t groups = 1;
};

/// The transpose of a convolution's map from inputs to outputs, plus a bias: y[n, o, i stride + k dilation - padding]
/// += w[c, o, k] x[n, c, i], with weight [C, O / groups, ...kernel]; the result has (n - 1) stride - 2 padding +
/// dilation (kernel - 1) + output_padding + 1 elements on an axis of n. ShapeError when they do not fit or nothing is
/// left; ValueError for strides, amounts and groups that make no sense.
Tensor conv_transpose1d(const Operand& x, const Tensor& weight, const Tensor& bias = {},
                        const TransposedConvolutionOptions& options = {});
Tensor conv_transpose2d(const Operand& x, const Tensor& weight, const Tensor& bias = {},
                        const TransposedConvolutionOptions& options = {});
Tensor conv_transpose3d(const Operand& x, const Tensor& weight, const Tensor& bias = {},
                        const TransposedConvolutionOptions& options = {});

}  // namespace xgrad
