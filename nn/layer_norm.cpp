#include "nn/layer_norm.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "nn/call.hpp"
#include "nn/normalisation.hpp"

namespace xgrad::nn {

namespace {

void check_eps(double eps, const char* call, const Location& where) {
  check<ValueError>(eps >= 0, where, call, ": eps is ", eps);
}

void check_normalised(const Shape& shape, const char* call, const Location& where) {
  const bool some = shape.ndim() > 0 && std::all_of(shape.begin(), shape.end(), [](auto size) { return size > 0; });
  check<ValueError>(some, where, call, ": needs positive sizes of the last axes, got ", shape);
}

}  // namespace

LayerNorm::LayerNorm(const Shape& shape, LayerNormOptions options, const Location& where)
    : eps(options.eps), shape_(shape) {
  const CallScope scope("LayerNorm", where);
  check_normalised(shape, "LayerNorm", where);
  check_eps(eps, "LayerNorm", where);
  if (options.affine) weight = Parameter(ones(shape, options.dtype), where);
  if (options.affine && options.bias) bias = Parameter(zeros(shape, options.dtype), where);
}

Tensor LayerNorm::operator()(const Operand& x) const {
  const Call scope(*this, "LayerNorm", x.where());
  return scope.result(layer_norm(x, shape_, weight, bias, eps));
}

void LayerNorm::visit(Visitor& visitor) {
  visitor("weight", weight);
  visitor("bias", bias);
}

RMSNorm::RMSNorm(const Shape& shape, RMSNormOptions options, const Location& where) : eps(options.eps), shape_(shape) {
  const CallScope scope("RMSNorm", where);
  check_normalised(shape, "RMSNorm", where);
  check_eps(eps, "RMSNorm", where);
  if (options.affine) weight = Parameter(ones(shape, options.dtype), where);
}

Tensor RMSNorm::operator()(const Operand& x) const {
  const Call scope(*this, "RMSNorm", x.where());
  return scope.result(rms_norm(x, shape_, weight, eps));
}

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, GroupNormOptions options, const Location& where)
    : eps(options.eps), groups_(groups), channels_(channels) {
  const CallScope scope("GroupNorm", where);
  check<ValueError>(groups > 0 && channels > 0 && channels % groups == 0, where, "GroupNorm: ", groups,
                    " groups do not divide ", channels, " channels");
  check_eps(eps, "GroupNorm", where);
  if (!options.affine) return;
  weight = Parameter(ones({channels}, options.dtype), where);
  bias = Parameter(zeros({channels}, options.dtype), where);
}

Tensor GroupNorm::operator()(const Operand& x) const {
  const Call scope(*this, "GroupNorm", x.where());
  const Tensor input = x.tensor();
  check<ShapeError>(input.ndim() >= 2 && input.size(1) == channels_, x.where(), "GroupNorm: needs [N, ", channels_,
                    ", ...], got ", describe(input));
  return scope.result(group_norm(Operand(input, x.where()), groups_, weight, bias, eps));
}

void GroupNorm::visit(Visitor& visitor) {
  visitor("weight", weight);
  visitor("bias", bias);
}

}  // namespace xgrad::nn
