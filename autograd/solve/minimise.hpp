#pragma once

#include <functional>
#include <string>

#include "autograd/solve/implicit.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

enum class MinimiseMethod {
  lbfgs,      ///< gradients alone (Nocedal and Wright, "Numerical optimization", algorithm 7.5)
  newton_cg,  ///< Newton's direction by conjugate gradients on products with the Hessian (algorithm 7.1)
};

struct MinimiseOptions {
  MinimiseMethod method = MinimiseMethod::lbfgs;
  /// Of the largest element of the gradient, times max(1, |f|); 0 for 1e-8 in float64 and 1e-4 in float32.
  double gradient_tolerance = 0;
  int max_iterations = 1000;
  int history = 10;               ///< how many steps L-BFGS remembers
  ImplicitOptions implicit = {};  ///< how derivatives of the minimiser are found
};

/// What `minimise` found.
struct Minimum {
  Tensor x;
  Tensor value;          ///< f(x)
  double gradient_norm;  ///< the largest element of the gradient, by size
  int iterations, evaluations;
  bool converged;
  std::string reason;  ///< why it stopped
};

namespace detail {
Minimum minimise(const std::function<Tensor(const Tensor&)>& f, const Tensor& x0, const MinimiseOptions& options,
                 const Location& where);
}  // namespace detail

/// A local minimum of f(x, arguments...), which gives one element, from x0 on: by steps along descent directions that
/// satisfy the strong Wolfe conditions. Derivatives of any order flow from x and its value to the arguments and to
/// whatever f closes over, by the implicit function theorem: dx = -H^-1 (d grad f/dtheta) dtheta with the Hessian H.
/// Where it did not converge, `reason` says why, and derivatives of x are a ConvergenceError. ShapeError for an f that
/// gives more than one element.
template <class F, class... Arguments>
Minimum minimise(F&& f, const Operand& x0, const MinimiseOptions& options, const Arguments&... arguments) {
  const CallScope scope("minimise", x0.where());
  return detail::minimise([&](const Tensor& x) -> Tensor { return f(x, arguments...); }, x0.tensor(), options,
                          x0.where());
}
template <class F>
Minimum minimise(F&& f, const Operand& x0) {
  return minimise(std::forward<F>(f), x0, MinimiseOptions{});
}

}  // namespace xgrad
