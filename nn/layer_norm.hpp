#pragma once

// Normalisation of each example by itself: layers that are the same in training and in evaluation.

#include <concepts>
#include <cstdint>
#include <initializer_list>

#include "nn/module.hpp"

namespace xgrad::nn {

struct LayerNormOptions {
  double eps = 1e-5;
  bool affine = true;  ///< with weight, which begins with 1, and bias, which begins with 0
  bool bias = true;
  DType dtype = float32;
};
/// y = layer_norm(x, shape, weight, bias, eps), by the mean and variance of the last axes, of the sizes `shape` (Ba,
/// Kiros, Hinton, 2016). The constructor throws ValueError for sizes below 1 or eps below 0, a call ShapeError for an x
/// that does not end in `shape`.
class LayerNorm : public Module {
 public:
  explicit LayerNorm(const Shape& shape, LayerNormOptions options = {}, const Location& where = Location::current());
  explicit LayerNorm(std::initializer_list<std::int64_t> shape, LayerNormOptions options = {},
                     const Location& where = Location::current())
      : LayerNorm(Shape(shape), options, where) {}
  /// Of the last axis.
  template <std::integral Size>
  explicit LayerNorm(Size size, LayerNormOptions options = {}, const Location& where = Location::current())
      : LayerNorm(Shape{static_cast<std::int64_t>(size)}, options, where) {}

  Tensor operator()(const Operand& x) const;
  void visit(Visitor& visitor) override;

  Parameter weight, bias;  ///< undefined without
  double eps;

 private:
  Shape shape_;
};

struct RMSNormOptions {
  double eps = 1e-5;
  bool affine = true;  ///< with weight, which begins with 1
  DType dtype = float32;
};
/// y = rms_norm(x, shape, weight, eps): x / sqrt(mean(x^2) + eps) weight, with the mean over the last axes (Zhang,
/// Sennrich, 2019). Errors as for LayerNorm.
class RMSNorm : public Module {
 public:
  explicit RMSNorm(const Shape& shape, RMSNormOptions options = {}, const Location& where = Location::current());
  explicit RMSNorm(std::initializer_list<std::int64_t> shape, RMSNormOptions options = {},
                   const Location& where = Location::current())
      : RMSNorm(Shape(shape), options, where) {}
  /// Of the last axis.
  template <std::integral Size>
  explicit RMSNorm(Size size, RMSNormOptions options = {}, const Location& where = Location::current())
      : RMSNorm(Shape{static_cast<std::int64_t>(size)}, options, where) {}

  Tensor operator()(const Operand& x) const;
  void visit(Visitor& visitor) override { visitor("weight", weight); }

  Parameter weight;  ///< undefined without
  double eps;

 private:
  Shape shape_;
};

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;  ///< with weight, which begins with 1, and bias, which begins with 0, of each channel
  DType dtype = float32;
};
/// y = group_norm(x, groups, weight, bias, eps), of [N, C, ...], by the mean and variance of each of so many groups of
/// channels (Wu, He, 2018). The constructor throws ValueError for numbers below 1, groups that do not divide the
/// channels, and eps below 0; a call ShapeError for another number of channels, ValueError for groups of one element.
class GroupNorm : public Module {
 public:
  GroupNorm(std::int64_t groups, std::int64_t channels, GroupNormOptions options = {},
            const Location& where = Location::current());

  Tensor operator()(const Operand& x) const;
  void visit(Visitor& visitor) override;

  Parameter weight, bias;  ///< undefined without
  double eps;

 private:
  std::int64_t groups_, channels_;
};

}  // namespace xgrad::nn
