#include "nn/rrelu.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "nn/activations/input.hpp"
#include "nn/activations/rectifiers.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

RReLU::RReLU(double lower, double upper, Rng rng, const Location& where) : lower_(lower), upper_(upper), rng_(rng) {
  check<ValueError>(lower <= upper && std::isfinite(lower) && std::isfinite(upper), where, "RReLU: the slopes are in [",
                    lower, ", ", upper, "]");
}

Tensor RReLU::operator()(const Operand& x) const {
  const Call scope(*this, "RReLU", x.where());
  const Tensor input = activation::floating(x, "RReLU");
  if (!training() || lower_ == upper_) return scope.result(leaky_relu(input, lower_ / 2 + upper_ / 2));
  const Tensor slope = uniform(input.shape(), rng_, lower_, upper_, input.dtype(), x.where());
  return scope.result(where(input <= 0, input * slope, abs(input)));
}

}  // namespace xgrad::nn
