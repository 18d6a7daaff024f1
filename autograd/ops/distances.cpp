#include "autograd/ops/distances.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matrices.hpp"
#include "autograd/ops/movement.hpp"

namespace xgrad {

Tensor cdist(const Operand& x, const Operand& y, double p) {
  const CallScope scope("cdist", x.where());
  const Tensor left = matrices(x, "cdist"), right = matrices(y, "cdist");
  check<DTypeError>(left.dtype() == right.dtype(), x.where(), "cdist: dtypes differ: ", describe(left), " and ",
                    describe(right));
  check<ShapeError>(left.size(-1) == right.size(-1), x.where(),
                    "cdist: the points have different sizes: ", describe(left), " and ", describe(right));
  check<ValueError>(p >= 0, x.where(), "cdist: p is ", p);
  return norm(unsqueeze(left, -2) - unsqueeze(right, -3), -1, {.p = p});
}

}  // namespace xgrad
