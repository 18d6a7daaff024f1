#include "nn/convolution.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/ops/spatial.hpp"
#include "nn/call.hpp"
#include "nn/init.hpp"

namespace xgrad::nn::detail {

namespace {

using grid::Sizes;

// By the number of spatial axes.
template <int Spatial>
constexpr auto convolve = Spatial == 1   ? conv1d
                          : Spatial == 2 ? conv2d
                                         : conv3d;
template <int Spatial>
constexpr auto convolve_transposed = Spatial == 1   ? conv_transpose1d
                                     : Spatial == 2 ? conv_transpose2d
                                                    : conv_transpose3d;
template <int Spatial>
constexpr const char* conv_name = Spatial == 1   ? "Conv1d"
                                  : Spatial == 2 ? "Conv2d"
                                                 : "Conv3d";
template <int Spatial>
constexpr const char* transpose_name = Spatial == 1   ? "ConvTranspose1d"
                                       : Spatial == 2 ? "ConvTranspose2d"
                                                      : "ConvTranspose3d";

void check_channels(std::int64_t in, std::int64_t out, std::int64_t groups, const char* call, const Location& where) {
  check<ValueError>(in > 0 && out > 0, where, call, ": needs positive numbers of channels, got ", in, " and ", out);
  check<ValueError>(groups > 0 && in % groups == 0 && out % groups == 0, where, call, ": ", groups,
                    " groups do not divide ", in, " and ", out, " channels");
}

// [N, C, ...] or [C, ...], with C channels.
void check_input(const Tensor& x, int spatial, std::int64_t channels, const char* call, const Location& where) {
  const std::int64_t axis = x.ndim() - spatial - 1;
  check<ShapeError>(axis == 0 || axis == 1, where, call, ": needs [N, ", channels, "] and ", spatial,
                    " spatial axes, or [", channels, "] and those, got ", describe(x));
  check<ShapeError>(x.shape()[axis] == channels, where, call, ": needs ", channels, " channels along axis ", axis,
                    ", got ", describe(x));
}

Parameter drawn(const Shape& shape, std::int64_t fan_in, DType dtype, Rng& rng, const Location& where) {
  return Parameter(init::scaled(shape, rng, {.fan_in = fan_in, .dtype = dtype}, where), where);
}

}  // namespace

template <int Spatial>
Conv<Spatial>::Conv(std::int64_t in_channels, std::int64_t out_channels, const PerAxis& kernel_size,
                    ConvOptions options, Rng& rng, const Location& where)
    : options_(std::move(options)) {
  constexpr const char* call = conv_name<Spatial>;
  const CallScope scope(call, where);
  check_channels(in_channels, out_channels, options_.groups, call, where);
  const Sizes kernel = grid::counts(kernel_size, Spatial, 1, call, "kernel size", where);
  const Sizes stride = grid::counts(options_.stride, Spatial, 1, call, "stride", where);
  grid::counts(options_.dilation, Spatial, 1, call, "dilation", where);
  grid::counts(options_.padding.amounts, Spatial, 0, call, "padding", where);
  check<ValueError>(options_.padding.border != Border::same || stride == Sizes(Spatial, 1), where, call,
                    ": Border::same needs stride 1, got ", Shape(stride));
  const Shape shape(grid::joined({{out_channels, in_channels / options_.groups}, kernel}));
  check_shape(shape, item_size(options_.dtype), call, where);
  const std::int64_t fan_in = init::fans(shape, where).in;
  weight = drawn(shape, fan_in, options_.dtype, rng, where);
  if (options_.bias) bias = drawn({out_channels}, fan_in, options_.dtype, rng, where);
}

/// x with what the padding mode puts around it.
template <int Spatial>
Tensor Conv<Spatial>::surrounded(const Operand& x) const {
  const char* call = conv_name<Spatial>;
  const Sizes amounts = options_.padding.amounts.of(Spatial, call, "padding", x.where()),
              dilation = options_.dilation.of(Spatial, call, "dilation", x.where());
  const Tensor input = x.tensor();
  std::vector<Around> axes;
  for (int i = 0; i < Spatial; ++i) {
    Around around{input.ndim() - Spatial + i, amounts[grid::at(i)], amounts[grid::at(i)]};
    if (options_.padding.border == Border::same) {
      const std::int64_t both = dilation[grid::at(i)] * (weight.shape()[i + 2] - 1);
      around.before = both / 2;
      around.after = both - both / 2;
    }
    axes.push_back(around);
  }
  return pad(Operand(input, x.where()), axes, options_.padding_mode);
}

template <int Spatial>
Tensor Conv<Spatial>::operator()(const Operand& x) const {
  const Call scope(*this, conv_name<Spatial>, x.where());
  const Tensor input = x.tensor();
  check_input(input, Spatial, weight.shape()[1] * options_.groups, conv_name<Spatial>, x.where());
  ConvolutionOptions options{options_.stride, options_.padding, options_.dilation, options_.groups};
  Tensor around = input;
  if (options_.padding_mode != PadMode::constant) {
    around = surrounded(x);
    options.padding = 0;
  }
  const Tensor y = convolve<Spatial>(Operand(around, x.where()), weight, bias, options);
  const bool fits = std::all_of(y.shape().end() - Spatial, y.shape().end(), [](auto size) { return size > 0; });
  check<ShapeError>(fits, x.where(), conv_name<Spatial>, ": the kernel does not fit into ", describe(input),
                    "; weight ", describe(weight.value()));
  return scope.result(y);
}

template <int Spatial>
void Conv<Spatial>::visit(Visitor& visitor) {
  visitor("weight", weight);
  visitor("bias", bias);
}

template <int Spatial>
ConvTranspose<Spatial>::ConvTranspose(std::int64_t in_channels, std::int64_t out_channels, const PerAxis& kernel_size,
                                      ConvTransposeOptions options, Rng& rng, const Location& where)
    : options_(std::move(options)) {
  constexpr const char* call = transpose_name<Spatial>;
  const CallScope scope(call, where);
  check_channels(in_channels, out_channels, options_.groups, call, where);
  const Sizes kernel = grid::counts(kernel_size, Spatial, 1, call, "kernel size", where);
  const Sizes stride = grid::counts(options_.stride, Spatial, 1, call, "stride", where);
  const Sizes dilation = grid::counts(options_.dilation, Spatial, 1, call, "dilation", where);
  const Sizes extra = grid::counts(options_.output_padding, Spatial, 0, call, "output padding", where);
  grid::counts(options_.padding, Spatial, 0, call, "padding", where);
  for (std::size_t i = 0; i < extra.size(); ++i)
    check<ValueError>(extra[i] < std::max(stride[i], dilation[i]), where, call, ": the output padding ", extra[i],
                      " is neither below the stride ", stride[i], " nor below the dilation ", dilation[i]);
  const Shape shape(grid::joined({{in_channels, out_channels / options_.groups}, kernel}));
  check_shape(shape, item_size(options_.dtype), call, where);
  const std::int64_t fan_in = init::fans(shape, where).in;
  weight = drawn(shape, fan_in, options_.dtype, rng, where);
  if (options_.bias) bias = drawn({out_channels}, fan_in, options_.dtype, rng, where);
}

template <int Spatial>
Tensor ConvTranspose<Spatial>::operator()(const Operand& x) const {
  const Call scope(*this, transpose_name<Spatial>, x.where());
  const Tensor input = x.tensor();
  check_input(input, Spatial, weight.shape()[0], transpose_name<Spatial>, x.where());
  return scope.result(convolve_transposed<Spatial>(
      Operand(input, x.where()), weight, bias,
      {options_.stride, options_.padding, options_.output_padding, options_.dilation, options_.groups}));
}

template <int Spatial>
Tensor ConvTranspose<Spatial>::operator()(const Operand& x, const PerAxis& output_size) const {
  constexpr const char* call = transpose_name<Spatial>;
  const Call scope(*this, call, x.where());
  const Tensor input = x.tensor();
  check_input(input, Spatial, weight.shape()[0], call, x.where());
  const Sizes elements = grid::counts(grid::sizes_of(input, input.ndim() - Spatial), Spatial, 1, call, "input size",
                                      x.where()),
              sizes = grid::counts(output_size, Spatial, 1, call, "output size", x.where()),
              stride = options_.stride.of(Spatial, call, "stride", x.where()),
              padding = options_.padding.of(Spatial, call, "padding", x.where()),
              dilation = options_.dilation.of(Spatial, call, "dilation", x.where());
  Sizes extra;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto axis = static_cast<std::int64_t>(i);
    const std::int64_t least =
        (elements[i] - 1) * stride[i] - 2 * padding[i] + dilation[i] * (weight.shape()[axis + 2] - 1) + 1;
    const std::int64_t most = least + std::max(stride[i], dilation[i]) - 1;
    check<ValueError>(sizes[i] >= least && sizes[i] <= most, x.where(), call, ": an output of ", sizes[i],
                      " elements along a spatial axis cannot be had of ", describe(input), ", but ", least, " to ",
                      most);
    extra.push_back(sizes[i] - least);
  }
  return scope.result(
      convolve_transposed<Spatial>(Operand(input, x.where()), weight, bias,
                                   {options_.stride, options_.padding, extra, options_.dilation, options_.groups}));
}

template <int Spatial>
void ConvTranspose<Spatial>::visit(Visitor& visitor) {
  visitor("weight", weight);
  visitor("bias", bias);
}

template class Conv<1>;
template class Conv<2>;
template class Conv<3>;
template class ConvTranspose<1>;
template class ConvTranspose<2>;
template class ConvTranspose<3>;

}  // namespace xgrad::nn::detail
