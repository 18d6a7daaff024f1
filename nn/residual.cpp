#include "nn/residual.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/elementwise.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

Tensor Residual::operator()(const Operand& x) const {
  const Call call(*this, "Residual", x.where());
  const Tensor input = x.tensor();
  Tensor y = input;
  for (const Step& each : steps_) y = each(Operand(y, x.where()));
  check<ShapeError>(y.shape() == input.shape(), x.where(), "Residual: the steps make ", describe(y), " of ",
                    describe(input));
  return call.result(input + y);
}

}  // namespace xgrad::nn
