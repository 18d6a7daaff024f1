#include "autograd/ops/convolution.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/spatial.hpp"
#include "autograd/ops/windows.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

using grid::at;
using grid::joined;
using grid::Sizes;
using grid::sizes_of;

/// Throws for a weight and a bias that do not fit the input or each other.
void check_weights(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t groups, std::int64_t spatial,
                   const char* call, const Location& where) {
  check<GraphError>(weight.defined(), where, call, ": the weight is an undefined Tensor");
  check<ShapeError>(weight.ndim() == spatial + 2, where, call, ": needs a weight of ", spatial + 2, " axes, got ",
                    describe(weight));
  const std::int64_t outputs = weight.size(0), channels = weight.size(1);
  check<ValueError>(groups > 0 && outputs % groups == 0, where, call, ": ", groups, " groups do not divide ", outputs,
                    " output channels");
  check<ShapeError>(x.size(1) % groups == 0 && x.size(1) / groups == channels, where, call, ": the input is ",
                    describe(x), ", but the weight, ", describe(weight), ", sees ", channels, " channels in each of ",
                    groups, " groups");
  if (bias.defined())
    check<ShapeError>(bias.shape() == Shape{outputs}, where, call, ": the bias is ", describe(bias), ", not [", outputs,
                      "]");
}

/// Pads the window so that it has as many places as the axis has elements.
void set_border_same(Window& window, const char* call, const Location& where) {
  check<ValueError>(window.stride == 1, where, call, ": Border::same needs stride 1, got ", window.stride);
  std::int64_t around = 0;
  check<ValueError>(window.dilation > 0 && !__builtin_mul_overflow(window.dilation, window.size - 1, &around), where,
                    call, ": windows of ", window.size, " elements, dilation ", window.dilation);
  window.before = around / 2;
  window.after = around - around / 2;
}

/// The windows of the input, [C k, places] for each image.
Tensor patches_of(const Tensor& x, const Tensor& weight, const ConvolutionOptions& options, std::int64_t spatial,
                  const char* call, const Location& where) {
  const Sizes stride = options.stride.of(spatial, call, "stride", where);
  const Sizes dilation = options.dilation.of(spatial, call, "dilation", where);
  const Sizes amounts = options.padding.amounts.of(spatial, call, "padding", where);
  std::vector<Window> windows;
  std::vector<Around> border;
  for (std::int64_t axis = 0; axis < spatial; ++axis) {
    Window window{axis + 2,           weight.size(axis + 2), stride[at(axis)],
                  dilation[at(axis)], amounts[at(axis)],     amounts[at(axis)]};
    if (options.padding.border == Border::same) set_border_same(window, call, where);
    // Padding the input itself makes the windows a view of it. unfold handles padding that is larger than the axis,
    // without storing it, and refuses negative padding.
    const std::int64_t elements = x.size(axis + 2);
    if (window.before >= 0 && window.before <= elements && window.after >= 0 && window.after <= elements) {
      if (window.before + window.after > 0) border.insert(border.begin(), {axis + 2, window.before, window.after});
      window.before = window.after = 0;
    }
    windows.push_back(window);
  }
  return unfold(border.empty() ? x : pad(x, border), windows, 0, WindowAxes::before);
}

Tensor convolution(const Operand& operand, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options,
                   std::int64_t spatial, const char* call) {
  const Location& where = operand.where();
  const CallScope scope(call, where);
  const auto [x, single] = grid::batched(operand, spatial, call);
  check_weights(x, weight, bias, options.groups, spatial, call, where);
  const Tensor patches = patches_of(x, weight, options, spatial, call, where);
  // For each group, the weights [O, C k] times the windows [C k, places] of each image give the result in its layout.
  const std::int64_t groups = options.groups, outputs = weight.size(0);
  const Sizes places = sizes_of(patches, 2 + spatial);
  const std::int64_t depth = Shape(sizes_of(weight, 1)).numel(), count = Shape(places).numel();
  Tensor y =
      matmul(reshape(weight, {groups, outputs / groups, depth}), reshape(patches, {x.size(0), groups, depth, count}));
  y = reshape(y, joined({{x.size(0), outputs}, places}));
  if (bias.defined()) y = grid::plus_each_channel(y, bias);
  return single ? squeeze(y, 0) : y;
}

}  // namespace

Tensor conv1d(const Operand& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  return convolution(x, weight, bias, options, 1, "conv1d");
}
Tensor conv2d(const Operand& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  return convolution(x, weight, bias, options, 2, "conv2d");
}
Tensor conv3d(const Operand& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  return convolution(x, weight, bias, options, 3, "conv3d");
}

}  // namespace xgrad
