#pragma once

// Convolutions and pooling, composed of windows, products and reductions. Inputs are [N, C, ...spatial], or without N;
// results likewise.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// A number for all spatial axes, or one for each: 2, or {2, 1}.
class PerAxis {
 public:
  PerAxis() = default;  ///< none: what stands for it is said where it is used
  template <std::integral N>
  PerAxis(N all) : list_{static_cast<std::int64_t>(all)} {}
  PerAxis(std::initializer_list<std::int64_t> list) : list_(list) {}
  PerAxis(std::vector<std::int64_t> list) : list_(std::move(list)) {}

  bool empty() const { return list_.empty(); }
  /// For so many axes. ValueError, with the name, when it has another number of numbers.
  std::vector<std::int64_t> of(std::int64_t axes, const char* call, const char* name, const Location& where) const;

 private:
  std::vector<std::int64_t> list_;
};

/// How windows meet the ends of an axis.
enum class Border {
  valid,  ///< they lie within it
  same,   ///< the result has the size of the input (stride 1): zeros around it, at the end one more if they are odd
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
  PerAxis dilation = 1;     ///< how far the elements of a window are apart
  std::int64_t groups = 1;  ///< parts of the channels; those of the output see their own part of the input
};

/// Cross-correlation: y[n, o, i] = bias[o] + sum over c, k of w[o, c, k] x[n, c, i stride + k dilation - padding], with
/// weight [O, C / groups, ...kernel] and bias [O], or none (an undefined Tensor). ShapeError when they do not fit;
/// ValueError for groups that do not divide O and C, and for "same" with a stride.
Tensor conv1d(const Operand& x, const Tensor& weight, const Tensor& bias = {}, const ConvolutionOptions& options = {});
Tensor conv2d(const Operand& x, const Tensor& weight, const Tensor& bias = {}, const ConvolutionOptions& options = {});
Tensor conv3d(const Operand& x, const Tensor& weight, const Tensor& bias = {}, const ConvolutionOptions& options = {});

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

}  // namespace xgrad
