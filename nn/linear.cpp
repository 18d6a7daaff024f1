#include "nn/linear.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/matmul_transposed.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/operand_tensor.hpp"
#include "nn/call.hpp"
#include "nn/init.hpp"

namespace xgrad::nn {

Linear::Linear(std::int64_t inputs, std::int64_t outputs, LinearOptions options, Rng& rng, const Location& where) {
  const CallScope scope("Linear", where);
  check<ValueError>(inputs > 0 && outputs > 0, where, "Linear: needs positive sizes, got ", inputs, " inputs and ",
                    outputs, " outputs");
  weight = Parameter(init::scaled({outputs, inputs}, rng, {.fan_in = inputs, .dtype = options.dtype}, where), where);
  if (options.bias)
    bias = Parameter(init::scaled({outputs}, rng, {.fan_in = inputs, .dtype = options.dtype}, where), where);
}

Tensor Linear::operator()(const Operand& x) const {
  const Call call(*this, "Linear", x.where());
  const OperandTensor held(x);
  const Tensor& input = *held;
  if (input.ndim() == 0 || input.shape().back() != weight.shape()[1]) [[unlikely]]
    fail<ShapeError>(x.where(), "Linear: the input ", describe(input), " does not end in an axis of size ",
                     weight.shape()[1], "; weight ", describe(weight.value()));
  const Tensor product = matmul_transposed(Operand(input, x.where()), weight);
  return call.result(bias.defined() ? product + bias : product);
}

void Linear::visit(Visitor& visitor) {
  visitor("weight", weight);
  visitor("bias", bias);
}

}  // namespace xgrad::nn
