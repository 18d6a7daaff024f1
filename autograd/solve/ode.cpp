#include "autograd/solve/ode.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/indexing.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/solve/dormand_prince.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/transform/cotangents.hpp"
#include "autograd/transform/linearize.hpp"
#include "autograd/transform/recorded.hpp"

namespace xgrad::detail {

namespace {

// Several Tensors as one vector of one dtype, and back.
Tensor joined(const Tensors& parts, DType dtype) {
  Tensors flat;
  for (const Tensor& part : parts) flat.push_back(cast(reshape(part, {part.numel()}), dtype));
  return concat(flat);
}
Tensors parted(const Tensor& vector, const Tensors& like) {
  Tensors parts;
  std::int64_t begin = 0;
  for (const Tensor& one : like) {
    const Tensor part = slice(vector, 0, begin, begin + one.numel());
    parts.push_back(cast(reshape(part, one.shape()), one.dtype()));
    begin += one.numel();
  }
  return parts;
}

// The place of a Tensor among those that f closed over at the start.
std::size_t place_of(const Tensor& tensor, const Tensors& closed_over, const Location& where) {
  const auto at = std::ranges::find(closed_over, tensor.entry(), [](const Tensor& one) { return one.entry(); });
  check<GraphError>(at != closed_over.end(), where, "ode_solve: the function depends on ", describe(tensor),
                    " here, and did not at the start of the solution; where that changes, or a Parameter was "
                    "assigned since, derivatives need OdeGradient::steps");
  return static_cast<std::size_t>(at - closed_over.begin());
}

// The backward pass through a solution by the adjoint equation: a = dL/dy goes backward by da/dt = -a df/dy, and what f
// closed over gets -a df/dtheta along the way.
class Adjoint {
 public:
  /// `closed_over` is what f depends on, `now` stands in its place.
  Adjoint(const OdeFunction& f, const Tensors& closed_over, std::span<const Tensor> now, const OdeOptions& options,
          const Location& where)
      : f_(f), closed_over_(closed_over), now_(now.begin(), now.end()), options_(options), where_(where) {}

  /// The cotangents of y0, of ts and of what f closed over, for that of the solution ys.
  Tensors cotangents(const Tensor& g, const Tensor& ys, const Tensor& ts) const {
    const std::int64_t count = ts.numel();
    Tensor a = zeros_like(ys(0));
    Tensors totals, of_times(static_cast<std::size_t>(count));
    for (const Tensor& one : now_) totals.push_back(zeros_like(one));
    for (std::int64_t i = count - 1; i > 0; --i) {
      a = a + g(i);
      of_times[static_cast<std::size_t>(i)] = sum(g(i) * derivative(ts(i), ys(i)).value);
      Tensors state{ys(i), a};
      state.insert(state.end(), totals.begin(), totals.end());
      const auto backward = [self = *this, state](const Tensor& t, const Tensor& z) { return self.rates(t, z, state); };
      const Tensor z = ode(backward, joined(state, ys.dtype()), stack({ts(i), ts(i - 1)}), options_, where_);
      const Tensors before = parted(z(1), state);
      a = before[1];
      std::copy(before.begin() + 2, before.end(), totals.begin());
    }
    of_times[0] = -sum(a * derivative(ts(0), ys(0)).value);
    Tensors all{a + g(0), stack(of_times)};
    all.insert(all.end(), totals.begin(), totals.end());
    return all;
  }

 private:
  struct Derivative {
    Tensor value;
    Tensors inputs;  // y, and what f closed over that matters here
    std::vector<std::size_t> places;
  };

  // f at a point, as a function of y and of what it closed over, each tracked by itself.
  Derivative derivative(const Tensor& t, const Tensor& y) const {
    const RecordedFunction recorded([&](const Tensors& xs) -> Tensors { return {f_(xs[0], xs[1])}; }, {{t, y}}, where_);
    Derivative found;
    Tensors by;
    for (const Tensor& tensor : recorded.captured()) {
      found.places.push_back(place_of(tensor, closed_over_, where_));
      by.push_back(now_[found.places.back()]);
    }
    const Tensors point = track_all({{t, y}}, where_);
    by = track_all(by, where_);
    found.value = recorded(point, by)[0];
    found.inputs = {point[1]};
    found.inputs.insert(found.inputs.end(), by.begin(), by.end());
    return found;
  }

  // d/dt of y, of a, and of the totals.
  Tensor rates(const Tensor& t, const Tensor& z, const Tensors& like) const {
    Tensors state = parted(z, like);
    const Derivative at = derivative(t, state[0]);
    const Tensors pulled = pull({at.value}, {-state[1]}, at.inputs, where_);
    Tensors change{at.value, pulled[0]};
    for (const Tensor& one : now_) change.push_back(zeros_like(one));
    for (std::size_t i = 0; i < at.places.size(); ++i) change[2 + at.places[i]] = pulled[1 + i];
    return joined(change, z.dtype());
  }

  OdeFunction f_;
  Tensors closed_over_, now_;
  OdeOptions options_;
  Location where_;
};

Tensor by_adjoint(const OdeFunction& f, const Tensor& y0, const Tensor& ts, const OdeOptions& options,
                  const Location& where) {
  Tensors inputs{y0, ts};
  const RecordedFunction start([&](const Tensors& xs) -> Tensors { return {f(xs[0], xs[1])}; }, {{ts(0), y0}}, where);
  const Tensors closed_over = start.captured();
  inputs.insert(inputs.end(), closed_over.begin(), closed_over.end());
  // What f takes up on the way would get no derivative, and nobody might notice.
  const auto watched = [&](const Tensor& t, const Tensor& y) {
    const RecordedFunction recorded([&](const Tensors& xs) -> Tensors { return {f(xs[0], xs[1])}; }, {{t, y}}, where);
    for (const Tensor& tensor : recorded.captured()) place_of(tensor, closed_over, where);
    return stop_gradient(recorded.results()[0]);
  };
  const auto solution = [&](const Tensors&) { return stack(DormandPrince(watched, y0, ts, options, where).solve()); };
  const auto rule = [=](const Tensor& g, const Tensors& now, const Tensor& ys) {
    const Adjoint adjoint(f, closed_over, std::span(now).subspan(2), options, where);
    return adjoint.cotangents(g, ys, now[1]);
  };
  return custom_gradient(solution, rule, inputs, where);
}

}  // namespace

Tensor ode(const OdeFunction& f, const Tensor& y0, const Tensor& ts, const OdeOptions& options, const Location& where) {
  check<DTypeError>(is_floating(y0.dtype()) && ts.dtype() == y0.dtype(), where, "ode_solve: y0 is ", describe(y0),
                    ", the times are ", describe(ts), "; they need one floating dtype");
  check<ShapeError>(ts.ndim() == 1 && ts.numel() > 0, where, "ode_solve: the times are ", describe(ts),
                    "; they need one axis, and one of them");
  check<ValueError>(options.rtol >= 0 && options.atol >= 0 && options.rtol + options.atol > 0, where,
                    "ode_solve: the tolerances are rtol ", options.rtol, " and atol ", options.atol);
  if (options.gradient == OdeGradient::adjoint && Tape::current().grad) return by_adjoint(f, y0, ts, options, where);
  return stack(DormandPrince(f, y0, ts, options, where).solve());
}

}  // namespace xgrad::detail
