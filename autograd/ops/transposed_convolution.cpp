#include <algorithm>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/ops/convolution.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/spatial.hpp"
#include "autograd/ops/windows.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

using grid::joined;
using grid::Sizes;
using grid::sizes_of;

void check_operands(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t groups,
                    std::int64_t spatial, const char* call, const Location& where) {
  check<GraphError>(weight.defined(), where, call, ": the weight is an undefined Tensor");
  check<ShapeError>(weight.ndim() == spatial + 2, where, call, ": needs a weight of ", spatial + 2, " axes, got ",
                    describe(weight));
  check<ShapeError>(x.size(1) == weight.size(0), where, call, ": the input is ", describe(x), ", but the weight is ",
                    describe(weight));
  check<ValueError>(groups > 0 && x.size(1) % groups == 0, where, call, ": ", groups, " groups do not divide ",
                    x.size(1), " input channels");
  if (!bias.defined()) return;
  const std::int64_t outputs = weight.size(1) * groups;
  check<ShapeError>(bias.shape() == Shape{outputs}, where, call, ": the bias is ", describe(bias), ", not [", outputs,
                    "]");
}

// Adds up each input element's windows of the output, and cuts off the padding.
struct Placement {
  Sizes padding, extra;         // cut off at both ends; added at the end afterwards
  std::vector<Window> windows;  // of the output before it is cut
  Sizes whole;

  Placement(const Tensor& x, const Tensor& weight, const TransposedConvolutionOptions& options, std::int64_t spatial,
            const char* call, const Location& where) {
    const Sizes stride = grid::counts(options.stride, spatial, 1, call, "stride", where);
    const Sizes dilation = grid::counts(options.dilation, spatial, 1, call, "dilation", where);
    padding = grid::counts(options.padding, spatial, 0, call, "padding", where);
    extra = grid::counts(options.output_padding, spatial, 0, call, "output_padding", where);
    for (std::size_t i = 0; i < stride.size(); ++i) {
      check<ValueError>(extra[i] < std::max(stride[i], dilation[i]), where, call, ": the output_padding ", extra[i],
                        " is neither below the stride ", stride[i], " nor below the dilation ", dilation[i]);
      const std::int64_t axis = static_cast<std::int64_t>(i) + 2, elements = x.size(axis), size = weight.size(axis);
      constexpr std::int64_t most = std::int64_t{1} << 31;
      check<ShapeError>(elements > 0 && size > 0 && elements < most && size < most, where, call, ": axis ", axis,
                        " of the input, ", describe(x), ", or of the weight, ", describe(weight), ", has no elements");
      windows.push_back({axis, size, stride[i], dilation[i]});
      whole.push_back((elements - 1) * stride[i] + dilation[i] * (size - 1) + 1);
      const std::int64_t left = whole[i] - 2 * padding[i] + extra[i];
      check<ShapeError>(left > 0, where, call, ": of ", whole[i], " elements the padding ", padding[i], " leaves ",
                        left);
    }
  }
  Tensor operator()(const Tensor& patches, const Sizes& leading) const {
    Tensor y = fold(patches, joined({leading, whole}), windows, WindowAxes::before);
    for (std::size_t i = 0; i < windows.size(); ++i)
      if (padding[i] > 0 || extra[i] > 0) y = pad(y, windows[i].axis, -padding[i], extra[i] - padding[i]);
    return y;
  }
};

Tensor transposed(const Operand& operand, const Tensor& weight, const Tensor& bias,
                  const TransposedConvolutionOptions& options, std::int64_t spatial, const char* call) {
  const Location& where = operand.where();
  const CallScope scope(call, where);
  const auto [x, single] = grid::batched(operand, spatial, call);
  const std::int64_t groups = options.groups;
  check_operands(x, weight, bias, groups, spatial, call, where);
  const Placement place(x, weight, options, spatial, call, where);
  const std::int64_t samples = x.size(0), channels = x.size(1) / groups, outputs = weight.size(1) * groups;
  // For each group the weights [O k, C] times the elements [C, places] of each sample.
  const Sizes kernel = sizes_of(weight, 2), places = sizes_of(x, 2);
  const Tensor kernels = reshape(weight, {groups, channels, weight.size(1) * Shape(kernel).numel()});
  const Tensor apart = reshape(x, {samples, groups, channels, Shape(places).numel()});
  const Tensor patches = matmul(transpose(kernels), apart);
  Tensor y = place(reshape(patches, joined({{samples, outputs}, kernel, places})), {samples, outputs});
  if (bias.defined()) y = grid::plus_each_channel(y, bias);
  return single ? squeeze(y, 0) : y;
}

}  // namespace

Tensor conv_transpose1d(const Operand& x, const Tensor& weight, const Tensor& bias,
                        const TransposedConvolutionOptions& options) {
  return transposed(x, weight, bias, options, 1, "conv_transpose1d");
}
Tensor conv_transpose2d(const Operand& x, const Tensor& weight, const Tensor& bias,
                        const TransposedConvolutionOptions& options) {
  return transposed(x, weight, bias, options, 2, "conv_transpose2d");
}
Tensor conv_transpose3d(const Operand& x, const Tensor& weight, const Tensor& bias,
                        const TransposedConvolutionOptions& options) {
  return transposed(x, weight, bias, options, 3, "conv_transpose3d");
}

}  // namespace xgrad
