#include "nn/layer_norm.hpp"

#include "autograd/ops/create.hpp"
#include "nn/normalisation.hpp"

namespace xgrad::nn {

LayerNorm::LayerNorm(const Shape& shape, LayerNormOptions options, const Location& where)
    : eps(options.eps), shape_(shape) {
  if (options.affine) weight = Parameter(ones(shape, options.dtype, where), where);
  if (options.affine && options.bias) bias = Parameter(zeros(shape, options.dtype, where), where);
}

Tensor LayerNorm::operator()(const Operand& x) const {
  const CallScope scope("LayerNorm", x.where());
  return layer_norm(x, shape_, weight, bias, eps);
}

void LayerNorm::visit(Visitor& visitor) {
  visitor("weight", weight);
  visitor("bias", bias);
}

}  // namespace xgrad::nn
