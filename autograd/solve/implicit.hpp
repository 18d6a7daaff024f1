#pragma once

// solve/: solvers as compositions, with derivatives by the implicit function theorem.
//   in:  a function and where to begin.
//   out: a solution that differentiates.
//
// Derivatives of what an equation says, whatever solved it.

#include <functional>
#include <utility>

#include "autograd/solve/gmres.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

/// How the linear system of the derivatives is solved: J^T w = g for the Jacobian J of f and a cotangent g.
struct ImplicitOptions {
  /// Up to so many unknowns, J is computed and factored; beyond, the system is solved by products with J^T.
  std::int64_t dense_up_to = 64;
  LinearSolveOptions linear = {};
};

namespace detail {
using ResidualFunction = std::function<Tensor(const Tensor&)>;
/// `solution`, with derivatives as the root of f.
Tensor implicit(const ResidualFunction& f, const Tensor& solution, const ImplicitOptions& options,
                const Location& where);
}  // namespace detail

/// x with f(x, arguments...) = 0, where f gives what is like x. `solver(f, x0)` finds it, in any way, as a function of
/// x alone; a fixed point of g is a root of g(x) - x. Derivatives of any order flow to the arguments and to whatever f
/// closes over, by the implicit function theorem: dx = -J^-1 (df/dtheta) dtheta, with the Jacobian J of f by x at the
/// root. What the solver does is not recorded, f is called once more at the root, and that it is one is the solver's
/// word. ShapeError or DTypeError for an f that gives something unlike x; when derivatives are taken, LinalgError where
/// J is singular, or ConvergenceError from products.
template <class F, class Solver, class... Arguments>
Tensor implicit_root(F&& f, const Operand& x0, Solver&& solver, const ImplicitOptions& options,
                     const Arguments&... arguments) {
  const CallScope scope("implicit_root", x0.where());
  const auto residual = [&](const Tensor& x) -> Tensor { return f(x, arguments...); };
  const Tensor solution = [&]() -> Tensor {
    const NoGrad untracked;
    return solver(residual, x0.tensor());
  }();
  return detail::implicit(residual, solution, options, x0.where());
}
template <class F, class Solver, class... Arguments>
requires(sizeof...(Arguments) == 0 || (!std::convertible_to<const Arguments&, ImplicitOptions> && ...)) Tensor
    implicit_root(F&& f, const Operand& x0, Solver&& solver, const Arguments&... arguments) {
  return implicit_root(std::forward<F>(f), x0, std::forward<Solver>(solver), ImplicitOptions{}, arguments...);
}

}  // namespace xgrad
