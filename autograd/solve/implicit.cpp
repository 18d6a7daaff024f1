#include "autograd/solve/implicit.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/linalg.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/transform/cotangents.hpp"
#include "autograd/transform/functional.hpp"
#include "autograd/transform/recorded.hpp"

namespace xgrad::detail {

namespace {

// w with J^T w = g, for the Jacobian J of r by x.
Tensor transposed_solve(const Tensor& r, const Tensor& x, const Tensor& g, const ImplicitOptions& options,
                        const Location& where) {
  const std::int64_t n = x.numel();
  if (n > options.dense_up_to)
    return linear_solve([&](const Tensor& w) { return pull({r}, {w}, {x}, where)[0]; }, g, options.linear, where);
  const Tensor jacobian = reshape(jacobians(r, {x}, where)[0], {n, n});
  return reshape(solve(transpose(jacobian), reshape(g, {n})), x.shape());
}

}  // namespace

Tensor implicit(const ResidualFunction& f, const Tensor& found, const ImplicitOptions& options, const Location& where) {
  check<GraphError>(found.defined(), where, "implicit_root: the solver returned an undefined Tensor");
  const Tensor solution = stop_gradient(found);
  const RecordedFunction recorded([&](const Tensors& xs) -> Tensors { return {f(xs[0])}; }, {{solution}}, where);
  const Tensor& residual = recorded.results()[0];
  check<ShapeError>(residual.shape() == solution.shape(), where, "implicit_root: the function gives ",
                    describe(residual), " for ", describe(solution));
  check<DTypeError>(residual.dtype() == solution.dtype(), where, "implicit_root: the function gives ",
                    describe(residual), " for ", describe(solution));
  if (!Tape::current().grad || recorded.captured().empty()) return solution;
  // The cotangents are functions of the root and of what was captured, each tracked by itself here: partial derivatives
  // are taken by them, and further derivatives flow through them.
  const auto rule = [recorded, options, where](const Tensor& g, const Tensors& captured, const Tensor& root) {
    const bool further = Tape::current().grad;
    const Tensors x = track_all({{root}}, where), by = track_all(captured, where);
    const Tensor r = recorded(x, by)[0];
    Tensor w;
    {
      const TapeScope<bool, &Tape::grad> tracking(further);
      w = -transposed_solve(r, x[0], g, options, where);
    }
    Tensors cotangents = pull({r}, {w}, by, where);
    const TapeScope<bool, &Tape::grad> tracking(further);
    if (!further)
      for (Tensor& cotangent : cotangents) cotangent = record(where, Identity{}, cotangent);
    return cotangents;
  };
  return custom_gradient([&](const Tensors&) { return solution; }, rule, recorded.captured(), where);
}

}  // namespace xgrad::detail
