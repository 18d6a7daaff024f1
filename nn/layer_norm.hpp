#pragma once

#include "nn/module.hpp"

namespace xgrad::nn {

struct LayerNormOptions {
  double eps = 1e-5;
  bool affine = true;  ///< with weight, which begins with 1, and bias, which begins with 0
  bool bias = true;
  DType dtype = float32;
};
/// y = layer_norm(x, shape, weight, bias, eps) (Ba, Kiros, Hinton, 2016).
class LayerNorm : public Module {
 public:
  explicit LayerNorm(const Shape& shape, LayerNormOptions options = {}, const Location& where = Location::current());
  explicit LayerNorm(std::int64_t size, LayerNormOptions options = {}, const Location& where = Location::current())
      : LayerNorm(Shape{size}, options, where) {}

  Tensor operator()(const Operand& x) const;
  void visit(Visitor& visitor) override;

  Parameter weight, bias;  ///< undefined without
  double eps;

 private:
  Shape shape_;
};

}  // namespace xgrad::nn
