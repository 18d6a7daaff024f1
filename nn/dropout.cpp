#include "nn/dropout.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

Dropout::Dropout(double p, Rng rng, const Location& where) : p_(p), rng_(rng) {
  check<ValueError>(p >= 0 && p <= 1, where, "Dropout: the probability ", p, " is not in [0, 1]");
}

Tensor Dropout::operator()(const Operand& x) const {
  const Call call(*this, "Dropout", x.where());
  const Tensor input = x.tensor();
  check<DTypeError>(is_floating(input.dtype()), x.where(), "Dropout: needs a floating dtype, got ", describe(input));
  if (!training() || p_ == 0) return call.result(input);
  if (p_ == 1) return call.result(where(zeros(input.shape(), boolean), input, 0));
  const Tensor draw = uniform(input.shape(), rng_, 0, 1, float32, x.where());
  return call.result(where(draw >= p_, input * (1 / (1 - p_)), 0));
}

}  // namespace xgrad::nn
