#include "nn/activations/rectifiers.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "nn/activations/input.hpp"

namespace xgrad {

using activation::floating;
using activation::passed;

namespace {

Tensor between(const Tensor& x, double low, double high) {
  return where(x <= low, low, where(x >= high, high, passed(x)));
}

Tensor exponential_unit(const Tensor& x, double alpha) { return where(x > 0, x, expm1(x) * alpha); }

}  // namespace

Tensor relu(const Operand& x) {
  const CallScope scope("relu", x.where());
  const Tensor input = floating(x, "relu");
  // Where x > 0, |x| is x; but its derivative sign(x) is NaN at NaN, which is not to be hidden.
  return where(input <= 0, 0, abs(input));
}

Tensor relu6(const Operand& x) {
  const CallScope scope("relu6", x.where());
  return between(floating(x, "relu6"), 0, 6);
}

Tensor selu(const Operand& x) {
  const CallScope scope("selu", x.where());
  constexpr double scale = 1.0507009873554805, alpha = 1.6732632423543772;
  return exponential_unit(floating(x, "selu"), alpha) * scale;
}

Tensor prelu(const Operand& x, const Operand& weight) {
  const CallScope scope("prelu", x.where());
  const Tensor input = floating(x, "prelu");
  Tensor slope = weight.tensor_like(input);
  if (!weight.is_number()) {
    const std::int64_t axis = input.ndim() > 1 ? 1 : 0;
    const bool single = slope.numel() == 1;
    check<ShapeError>(single || (input.ndim() > 0 && slope.shape() == Shape{input.size(axis)}), x.where(),
                      "prelu: the weight is ", describe(slope), ", for an input ", describe(input),
                      " it should have one element, or one for each channel");
    Shape beside = Shape::filled(input.ndim(), 1);
    if (!single) beside[axis] = input.size(axis);
    slope = reshape(slope, beside);
  }
  return where(input <= 0, input * slope, abs(input));
}

Tensor threshold(const Operand& x, double bound, double value) {
  const CallScope scope("threshold", x.where());
  check<ValueError>(!std::isnan(bound), x.where(), "threshold: bound = ", bound);
  const Tensor input = floating(x, "threshold");
  return where(input <= bound, value, passed(input));
}

Tensor detail::LeakyRelu::operator()(const Operand& x, double slope) const {
  const CallScope scope("leaky_relu", x.where());
  const Tensor input = floating(x, "leaky_relu");
  return where(input <= 0, input * slope, abs(input));
}

Tensor detail::Elu::operator()(const Operand& x, double alpha) const {
  const CallScope scope("elu", x.where());
  return exponential_unit(floating(x, "elu"), alpha);
}

Tensor detail::Celu::operator()(const Operand& x, double alpha) const {
  const CallScope scope("celu", x.where());
  check<ValueError>(alpha != 0 && std::isfinite(alpha), x.where(), "celu: alpha = ", alpha);
  const Tensor input = floating(x, "celu");
  return where(input > 0, input, expm1(input * (1 / alpha)) * alpha);
}

Tensor detail::Hardtanh::operator()(const Operand& x, double low, double high) const {
  const CallScope scope("hardtanh", x.where());
  check<ValueError>(low < high, x.where(), "hardtanh: the bounds are ", low, " and ", high);
  return between(floating(x, "hardtanh"), low, high);
}

}  // namespace xgrad
