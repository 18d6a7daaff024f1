#include "autograd/ops/convolution.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/ops/windows.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

using Sizes = std::vector<std::int64_t>;

Sizes sizes_of(const Tensor& x, std::int64_t begin) { return {x.shape().begin() + begin, x.shape().end()}; }

Sizes joined(std::initializer_list<Sizes> lists) {
  Sizes all;
  for (const Sizes& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

std::size_t at(std::int64_t axis) { return static_cast<std::size_t>(axis); }

// [N, C, ...spatial]; whether N was added.
std::pair<Tensor, bool> batched(const Operand& operand, std::int64_t spatial, const char* call) {
  const Tensor x = operand.tensor();
  check<ShapeError>(x.ndim() == spatial + 1 || x.ndim() == spatial + 2, operand.where(), call, ": needs [N, C] and ",
                    spatial, " spatial axes, or [C] and those, got ", describe(x));
  const bool single = x.ndim() == spatial + 1;
  return {single ? unsqueeze(x, 0) : x, single};
}

Tensor convolution(const Operand& operand, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options,
                   std::int64_t spatial, const char* call) {
  const Location& where = operand.where();
  const CallScope scope(call, where);
  const auto [x, single] = batched(operand, spatial, call);
  check<GraphError>(weight.defined(), where, call, ": the weight is an undefined Tensor");
  check<ShapeError>(weight.ndim() == spatial + 2, where, call, ": needs a weight of ", spatial + 2, " axes, got ",
                    describe(weight));
  const std::int64_t groups = options.groups, outputs = weight.size(0), channels = weight.size(1);
  check<ValueError>(groups > 0 && outputs % groups == 0, where, call, ": ", groups, " groups do not divide ", outputs,
                    " output channels");
  check<ShapeError>(x.size(1) % groups == 0 && x.size(1) / groups == channels, where, call, ": the input is ",
                    describe(x), ", but the weight, ", describe(weight), ", sees ", channels, " channels in each of ",
                    groups, " groups");
  if (bias.defined())
    check<ShapeError>(bias.shape() == Shape{outputs}, where, call, ": the bias is ", describe(bias), ", not [", outputs,
                      "]");
  const Sizes stride = options.stride.of(spatial, call, "stride", where);
  const Sizes dilation = options.dilation.of(spatial, call, "dilation", where);
  const Sizes amounts = options.padding.amounts.of(spatial, call, "padding", where);
  std::vector<Window> windows;
  for (std::int64_t axis = 0; axis < spatial; ++axis) {
    Window window{axis + 2,           weight.size(axis + 2), stride[at(axis)],
                  dilation[at(axis)], amounts[at(axis)],     amounts[at(axis)]};
    if (options.padding.border == Border::same) {
      check<ValueError>(window.stride == 1, where, call, ": Border::same needs stride 1, got ", window.stride);
      const std::int64_t around = window.dilation * (window.size - 1);
      window.before = around / 2;
      window.after = around - around / 2;
    }
    windows.push_back(window);
  }
  // For each group the weights [O, C k] times the windows [C k, places] of each image: the result lies as it should.
  const Tensor patches = unfold(x, windows, 0, WindowAxes::before);
  const Sizes places = sizes_of(patches, 2 + spatial);
  const std::int64_t depth = weight.numel() / std::max<std::int64_t>(outputs, 1), count = Shape(places).numel();
  Tensor y =
      matmul(reshape(weight, {groups, outputs / groups, depth}), reshape(patches, {x.size(0), groups, depth, count}));
  y = reshape(y, joined({{x.size(0), outputs}, places}));
  if (bias.defined()) y = y + reshape(bias, joined({{outputs}, Sizes(at(spatial), 1)}));
  return single ? squeeze(y, 0) : y;
}

// The window of an axis; with a last one that reaches beyond the end, if that is to count and it begins before.
Window pooling_window(std::int64_t axis, std::int64_t elements, std::int64_t size, std::int64_t stride,
                      std::int64_t padding, std::int64_t dilation, bool ceil) {
  Window window{axis, size, stride, dilation, padding, padding};
  if (!ceil) return window;
  const std::int64_t reach = dilation * (size - 1) + 1, last = elements + 2 * padding - reach;
  const std::int64_t next = window.count(elements) * stride;  // where one more would begin
  const bool is_left = last > next - stride && next < elements + padding;
  if (is_left) window.after = std::max(padding, next + reach - elements - padding);
  return window;
}

struct Pools {
  Tensor x;
  bool single;
  std::vector<Window> windows;
  Sizes padding;
  Axes within;  // the axes that windows have in unfold

  Pools(const Operand& operand, const PerAxis& size, const PoolingOptions& options, std::int64_t spatial,
        const char* call) {
    const Location& where = operand.where();
    std::tie(x, single) = batched(operand, spatial, call);
    check<DTypeError>(is_floating(x.dtype()), where, call, ": needs a floating dtype, got ", describe(x));
    const Sizes sizes = size.of(spatial, call, "size", where);
    const Sizes stride = (options.stride.empty() ? size : options.stride).of(spatial, call, "stride", where);
    const Sizes dilation = options.dilation.of(spatial, call, "dilation", where);
    padding = options.padding.of(spatial, call, "padding", where);
    Sizes last;
    for (std::int64_t axis = 0; axis < spatial; ++axis) {
      const std::size_t i = at(axis);
      check<ValueError>(sizes[i] > 0 && stride[i] > 0 && dilation[i] > 0, where, call, ": windows of ", sizes[i],
                        ", stride ", stride[i], ", dilation ", dilation[i]);
      check<ValueError>(padding[i] >= 0 && padding[i] <= sizes[i] / 2, where, call, ": padding ", padding[i],
                        " for windows of ", sizes[i], " (at most half of it)");
      windows.push_back(
          pooling_window(axis + 2, x.size(axis + 2), sizes[i], stride[i], padding[i], dilation[i], options.ceil_mode));
      last.push_back(axis + 2);
    }
    within = last;
  }
  Tensor result(const Tensor& y) const { return single ? squeeze(y, 0) : y; }
};

Tensor max_pool(const Operand& x, const PerAxis& size, const PoolingOptions& options, std::int64_t spatial,
                const char* call) {
  const CallScope scope(call, x.where());
  const Pools pools(x, size, options, spatial, call);
  const double least = -std::numeric_limits<double>::infinity();
  return pools.result(max(unfold(pools.x, pools.windows, least, WindowAxes::before), pools.within));
}

// What counts is 1 in the input, in the padding if that counts, and 0 beyond it.
Tensor avg_pool(const Operand& x, const PerAxis& size, const PoolingOptions& options, std::int64_t spatial,
                const char* call) {
  const CallScope scope(call, x.where());
  const Pools pools(x, size, options, spatial, call);
  const Tensor total = sum(unfold(pools.x, pools.windows, 0, WindowAxes::before), pools.within);
  Tensor counted = ones(Shape(joined({{1, 1}, sizes_of(pools.x, 2)})), pools.x.dtype());
  std::vector<Window> windows = pools.windows;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const std::int64_t padding = pools.padding[i];
    counted = pad(counted, windows[i].axis, padding, padding, options.count_include_pad ? 1 : 0);
    windows[i].before = 0;
    windows[i].after -= padding;
  }
  return pools.result(total / sum(unfold(counted, windows, 0, WindowAxes::before), pools.within));
}

}  // namespace

Sizes PerAxis::of(std::int64_t axes, const char* call, const char* name, const Location& where) const {
  if (list_.size() == 1) return Sizes(at(axes), list_[0]);
  check<ValueError>(list_.size() == at(axes), where, call, ": ", list_.size(), " numbers for ", name, " of ", axes,
                    " spatial axes");
  return list_;
}

Tensor conv1d(const Operand& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  return convolution(x, weight, bias, options, 1, "conv1d");
}
Tensor conv2d(const Operand& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  return convolution(x, weight, bias, options, 2, "conv2d");
}
Tensor conv3d(const Operand& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  return convolution(x, weight, bias, options, 3, "conv3d");
}

Tensor max_pool1d(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return max_pool(x, size, options, 1, "max_pool1d");
}
Tensor max_pool2d(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return max_pool(x, size, options, 2, "max_pool2d");
}
Tensor max_pool3d(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return max_pool(x, size, options, 3, "max_pool3d");
}
Tensor avg_pool1d(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return avg_pool(x, size, options, 1, "avg_pool1d");
}
Tensor avg_pool2d(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return avg_pool(x, size, options, 2, "avg_pool2d");
}
Tensor avg_pool3d(const Operand& x, const PerAxis& size, const PoolingOptions& options) {
  return avg_pool(x, size, options, 3, "avg_pool3d");
}

}  // namespace xgrad
