#include "autograd/transform/taylor.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/transform/line.hpp"

namespace xgrad::detail {

Tensors line_derivatives(const Tensor& y, const Tensors& xs, const Tensors& directions, int order,
                         const Location& where) {
  const EnableGrad tracking;
  const Undivided whole;  // stand-ins must not be computed
  check<GraphError>(y.defined(), where, "taylor: the function returned an undefined Tensor");
  check<ValueError>(order >= 0, where, "taylor: the order is ", order);
  check_tangents(xs, directions, "taylor", where);
  const CallScope scope("taylor", where);
  Line line(y, xs, directions);
  Tensors derivatives;
  double factorial = 1;
  for (int k = 0; k <= order; ++k) {
    factorial *= std::max(k, 1);
    const Tensor coefficient = line.coefficient(k);
    derivatives.push_back(coefficient.defined() ? coefficient * factorial : zeros_like(y));
  }
  derivatives[0] = y;
  return derivatives;
}

}  // namespace xgrad::detail
