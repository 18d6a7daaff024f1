#include "nn/activations/input.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"

namespace xgrad::activation {

Tensor floating(const Operand& x, const char* call) {
  const Tensor input = x.tensor();
  check<DTypeError>(x.is_number() || is_floating(input.dtype()), x.where(), call, ": needs a floating dtype, got ",
                    describe(input));
  return is_floating(input.dtype()) ? input : cast(input, float32);
}

Tensor minus_magnitude(const Tensor& x, const Tensor& positive) {
  return x * where(positive, full_like(x, -1), full_like(x, 1));
}

Tensor passed(const Tensor& x) { return x * where(x == x, full_like(x, 1), x); }

}  // namespace xgrad::activation
