#include "nn/prelu.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "nn/activations/rectifiers.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

PReLU::PReLU(std::int64_t channels, PReLUOptions options, const Location& where) {
  const CallScope scope("PReLU", where);
  check<ValueError>(channels > 0, where, "PReLU: needs channels, got ", channels);
  weight = Parameter(full({channels}, options.init, options.dtype, where), where);
}

Tensor PReLU::operator()(const Operand& x) const {
  const Call scope(*this, "PReLU", x.where());
  return scope.result(prelu(x, weight));
}

}  // namespace xgrad::nn
