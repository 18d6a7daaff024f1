#pragma once

// Initial value problems.

#include <cstdint>
#include <functional>
#include <tuple>
#include <utility>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// How derivatives of a solution are found.
enum class OdeGradient {
  /// Through the steps, which are checkpoints: exact derivatives of what was computed. Kept are two values like y for
  /// each step.
  steps,
  /// By the adjoint equation, solved backward (Chen et al., "Neural ordinary differential equations", 2018): kept are
  /// the values at `ts` alone; derivatives are as accurate as the tolerances. f, and what it refers to, must live until
  /// derivatives have been taken.
  adjoint,
};

struct OdeOptions {
  double rtol = 1e-6, atol = 1e-8;  ///< of the error that one step may add, |error_i| <= atol + rtol |y_i| in the mean
  std::int64_t max_steps = 10000;   ///< tried, between the first time and the last
  double first_step = 0;            ///< 0: chosen by what f does at the start
  OdeGradient gradient = OdeGradient::steps;
};

namespace detail {
using OdeFunction = std::function<Tensor(const Tensor& t, const Tensor& y)>;
Tensor ode(const OdeFunction& f, const Tensor& y0, const Tensor& ts, const OdeOptions& options, const Location& where);
}  // namespace detail

/// y(ts) [n, ...] for dy/dt = f(t, y, arguments...) and y(ts[0]) = y0 [...]: by the method of Dormand and Prince of
/// order 5(4), with steps chosen by a PI controller, and interpolation of order 4 at the times between (Hairer, Norsett
/// and Wanner, "Solving ordinary differential equations I", II.4-II.6). ts [n] has the dtype of y0 and goes up or down;
/// t is of shape []. Derivatives of any order flow to y0, to ts, to the arguments and to whatever f closes over; the
/// sizes of steps are constants to them. ValueError for times that do not go one way; ShapeError or DTypeError for an f
/// that gives something unlike y; ConvergenceError where f is not finite, where steps become too small or too many, and
/// where the problem is stiff; with the adjoint, GraphError for an f that depends on something tracked later on that it
/// does not depend on at the start.
template <class F, class... Arguments>
Tensor ode_solve(F f, const Operand& y0, const Operand& ts, const OdeOptions& options, const Arguments&... arguments) {
  const CallScope scope("ode_solve", y0.where());
  return detail::ode(
      [f = std::move(f), held = std::tuple<Arguments...>(arguments...)](const Tensor& t, const Tensor& y) -> Tensor {
        return std::apply([&](const auto&... given) -> Tensor { return f(t, y, given...); }, held);
      },
      y0.tensor(), ts.tensor(), options, y0.where());
}
template <class F>
Tensor ode_solve(F f, const Operand& y0, const Operand& ts) {
  return ode_solve(std::move(f), y0, ts, OdeOptions{});
}

}  // namespace xgrad
