#pragma once

#include "autograd/ops/convolution.hpp"
#include "autograd/ops/windows.hpp"
#include "nn/module.hpp"

namespace xgrad::nn {

struct ConvOptions {
  PerAxis stride = 1;
  Padding padding = 0;  ///< on both sides of each axis, or `Border::same`, `Border::valid`
  PerAxis dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
  PadMode padding_mode = PadMode::constant;  ///< what the padding is made of: zeros, unless another mode is given
  DType dtype = float32;
};

struct ConvTransposeOptions {
  PerAxis stride = 1;
  PerAxis padding = 0;         ///< what the convolution would have had around its input: cut off here
  PerAxis output_padding = 0;  ///< so many more elements at the end; below the stride or the dilation
  std::int64_t groups = 1;
  bool bias = true;
  PerAxis dilation = 1;
  DType dtype = float32;
};

namespace detail {

template <int Spatial>
class Conv : public Module {
 public:
  Conv(std::int64_t in_channels, std::int64_t out_channels, const PerAxis& kernel_size, ConvOptions options = {},
       Rng& rng = default_rng(), const Location& where = Location::current());

  Tensor operator()(const Operand& x) const;
  void visit(Visitor& visitor) override;
  const ConvOptions& options() const { return options_; }

  Parameter weight;
  Parameter bias;  ///< undefined without bias

 private:
  Tensor surrounded(const Operand& x) const;
  ConvOptions options_;
};

template <int Spatial>
class ConvTranspose : public Module {
 public:
  ConvTranspose(std::int64_t in_channels, std::int64_t out_channels, const PerAxis& kernel_size,
                ConvTransposeOptions options = {}, Rng& rng = default_rng(),
                const Location& where = Location::current());

  Tensor operator()(const Operand& x) const;
  /// The output padding is what makes the spatial axes of the result this large.
  Tensor operator()(const Operand& x, const PerAxis& output_size) const;
  void visit(Visitor& visitor) override;
  const ConvTransposeOptions& options() const { return options_; }

  Parameter weight;
  Parameter bias;  ///< undefined without bias

 private:
  ConvTransposeOptions options_;
};

}  // namespace detail

// Convolutions over 1, 2 or 3 spatial axes, y = conv2d(x, weight, bias) and so on: [N, C, ...] -> [N, O, ...], or both
// without N, with weight [O, C / groups, ...kernel] and bias [O], both drawn from U(-1/sqrt(f), 1/sqrt(f)) with
// f = C / groups * (elements of the kernel) (He, Zhang, Ren and Sun, 2015, with a = sqrt(5)). The constructor throws
// ValueError for sizes below 1, for groups that do not divide both channels, and for options that conv2d refuses; a
// call throws ShapeError for an input of other axes or channels, or smaller than the kernel.

struct Conv1d : detail::Conv<1> {
  using Conv::Conv;
};
struct Conv2d : detail::Conv<2> {
  using Conv::Conv;
};
struct Conv3d : detail::Conv<3> {
  using Conv::Conv;
};

// Their transposes, y = conv_transpose2d(x, weight, bias) and so on, with weight [C, O / groups, ...kernel] and
// bias [O], both drawn as above with f = O / groups * (elements of the kernel), as in PyTorch. With an output size,
// too, a call throws ValueError where no output padding gives it.

struct ConvTranspose1d : detail::ConvTranspose<1> {
  using ConvTranspose::ConvTranspose;
};
struct ConvTranspose2d : detail::ConvTranspose<2> {
  using ConvTranspose::ConvTranspose;
};
struct ConvTranspose3d : detail::ConvTranspose<3> {
  using ConvTranspose::ConvTranspose;
};

}  // namespace xgrad::nn
