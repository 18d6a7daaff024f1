#include "autograd/solve/dormand_prince.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/core/fail.hpp"
#include "autograd/ops/any_all.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/indexing.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/transform/checkpoint.hpp"

namespace xgrad::detail {

namespace {

// Dormand and Prince, "A family of embedded Runge-Kutta formulae", 1980, table 2. The last row of a is the solution of
// order 5, e its distance to that of order 4, d the part of the interpolant that is new (Hairer, Norsett and Wanner).
constexpr double c[7] = {0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
constexpr double a[7][6] = {{},
                            {1. / 5},
                            {3. / 40, 9. / 40},
                            {44. / 45, -56. / 15, 32. / 9},
                            {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
                            {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
                            {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}};
constexpr double e[7] = {71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40};
constexpr double d[7] = {-12715105075. / 11282082432,  0,
                         87487479700. / 32700410799,   -10690763975. / 1880347072,
                         701980252875. / 199316789632, -1453857185. / 822651844,
                         69997945. / 29380423};

// sum_i weights_i k_i
Tensor weighted(const double* weights, const std::vector<Tensor>& k) {
  Tensor total;
  for (std::size_t i = 0; i < k.size(); ++i) {
    if (weights[i] == 0) continue;
    total = total.defined() ? total + k[i] * weights[i] : k[i] * weights[i];
  }
  return total;
}

// An error of 0 is none, also where the scale is 0: of an unknown that is 0, without an absolute tolerance.
Tensor scaled(const Tensor& error, const Tensor& scale) {
  const Tensor none = error == 0;
  return where(none, 0, error / where(none, 1, scale));
}

Tensor root_mean_square(const Tensor& x) { return x.numel() > 0 ? sqrt(mean(square(x))) : sum(x); }

}  // namespace

struct DormandPrince::Step {
  Tensor y, k;
  std::vector<Tensor> outputs;
  double error, stiffness;
};

DormandPrince::DormandPrince(const OdeFunction& f, const Tensor& y0, const Tensor& ts, const OdeOptions& options,
                             const Location& where)
    : f_(f), y_(y0), options_(options), where_(where), times_(ts.to_vector(where)) {
  first_ = times_[0];
  const bool up = times_.back() > first_;
  for (std::size_t i = 1; i < times_.size(); ++i)
    check<ValueError>(std::isfinite(times_[i]) && (up ? times_[i] > times_[i - 1] : times_[i] < times_[i - 1]), where,
                      "ode_solve: the times must go up, or down: ", times_[i - 1], " is followed by ", times_[i]);
  start_ = ts(0);
  for (std::size_t i = 0; i < times_.size(); ++i) {
    times_[i] -= first_;
    const Tensor distance = ts(static_cast<std::int64_t>(i)) - start_;
    shifts_.push_back(distance - stop_gradient(distance));
  }
}

Tensor DormandPrince::derivative(double time, const Tensor& y) const {
  Tensor k = f_(start_ + time, y);
  check<GraphError>(k.defined(), where_, "ode_solve: the function returned an undefined Tensor");
  check<ShapeError>(k.shape() == y.shape(), where_, "ode_solve: the function gives ", describe(k), " for ",
                    describe(y));
  check<DTypeError>(k.dtype() == y.dtype(), where_, "ode_solve: the function gives ", describe(k), " for ",
                    describe(y));
  return k;
}

void DormandPrince::give_up(const char* reason, double h) const {
  fail<ConvergenceError>(where_, "ode_solve: ", reason, " at t = ", first_ + time_, ", after ", accepted_,
                         " steps, with steps of ", h);
}

double DormandPrince::norm_of(const Tensor& x) const {
  return root_mean_square(scaled(x, options_.atol + options_.rtol * abs(y_))).item();
}

// Hairer, Norsett and Wanner, II.4: what an Euler step tells of the second derivative.
double DormandPrince::first_step() {
  const double length = std::abs(times_.back());
  const double sign = times_.back() < 0 ? -1 : 1;
  if (options_.first_step > 0) return sign * std::min(options_.first_step, length);
  const NoGrad untracked;
  const double size = norm_of(y_), slope = norm_of(k1_);
  if (!all(logical_and(isfinite(y_), isfinite(k1_))).item<bool>()) give_up("the derivative, or y, is not finite", 0);
  // (Beside an unknown that is 0, without an absolute tolerance, its slope is infinite.)
  double h = size < 1e-5 || slope < 1e-5 || !std::isfinite(slope) ? 1e-6 : 0.01 * size / slope;
  h = std::min(h, length);
  const Tensor k = derivative(sign * h, y_ + k1_ * (sign * h));
  const double bend = norm_of(k - k1_) / h, most = std::max(slope, bend);
  const double other = most <= 1e-15 ? std::max(1e-6, h * 1e-3) : std::pow(0.01 / most, 0.2);
  if (std::isfinite(bend)) h = std::min(100 * h, other);
  return sign * std::min(h, length);
}

// Hairer's contd5.
Tensor DormandPrince::interpolated(std::size_t number, double h, const Tensor& y, const Tensor& y1,
                                   const std::vector<Tensor>& k) const {
  const Tensor at = (times_[number] - time_) / h + shifts_[number] / h, rest = 1 - at;
  const Tensor change = y1 - y, bend = k[0] * h - change;
  const Tensor inner = change - k[6] * h - bend + rest * (weighted(d, k) * h);
  return y + at * (change + rest * (bend + at * inner));
}

std::vector<Tensor> DormandPrince::record_step(double h, const Tensor& y, const Tensor& k1) const {
  std::vector<Tensor> k{k1};
  Tensor stage, before;
  for (std::size_t i = 1; i < 7; ++i) {
    before = stage;
    stage = y + weighted(a[i], k) * h;
    k.push_back(derivative(time_ + c[i] * h, stage));
  }
  const Tensor scale = options_.atol + options_.rtol * maximum(abs(y), abs(stage));
  const Tensor error = root_mean_square(scaled(weighted(e, k) * h, scale));
  const Tensor stiffness = root_mean_square(k[6] - k[5]) / root_mean_square(stage - before);
  std::vector<Tensor> results{stage, k[6], error, stiffness};
  // (Rounded, the last step may end short of the last time.)
  const double end = h == times_.back() - time_ ? times_.back() : time_ + h;
  for (std::size_t i = next_; i < times_.size() && std::abs(times_[i]) <= std::abs(end); ++i)
    results.push_back(interpolated(i, h, y, stage, k));
  return results;
}

DormandPrince::Step DormandPrince::attempt(double h) const {
  const auto step = [&](const Tensor& y, const Tensor& k1) { return record_step(h, y, k1); };
  const std::vector<Tensor> results = checkpoint(Tape::current().grad ? keep_nothing : keep_everything, step, y_, k1_);
  evaluate(results, where_);
  return {results[0], results[1], {results.begin() + 4, results.end()}, results[2].item(), results[3].item()};
}

// The PI controller of DOPRI5, with its constants.
double DormandPrince::next_step(double h, const Step& step) {
  constexpr double beta = 0.04, exponent = 0.2 - 0.75 * beta, safety = 0.9;
  const bool accepted = step.error <= 1;
  if (!std::isfinite(step.error)) {
    rejected_ = true;
    return h / 10;
  }
  double shrink = std::pow(step.error, exponent) / safety;
  if (accepted) {
    shrink = std::clamp(shrink / std::pow(last_error_, beta), 0.1, 5.0);
    if (rejected_) shrink = std::max(shrink, 1.0);
    last_error_ = std::max(step.error, 1e-4);
  } else {
    shrink = std::clamp(shrink, 1.1, 5.0);
  }
  rejected_ = !accepted;
  return h / shrink;
}

// Steps that stability limits, not accuracy, one after the other.
void DormandPrince::look_for_stiffness(double h, const Step& step) {
  if (accepted_ % 1000 != 0 && stiff_ == 0) return;
  if (std::abs(h) * step.stiffness > 3.25) {
    not_stiff_ = 0;
    if (++stiff_ == 15) give_up("the problem is stiff for an explicit method", h);
  } else if (++not_stiff_ == 6) {
    stiff_ = 0;
  }
}

std::vector<Tensor> DormandPrince::solve() {
  std::vector<Tensor> outputs{y_};
  if (times_.size() == 1) return outputs;
  k1_ = checkpoint(
      Tape::current().grad ? keep_nothing : keep_everything, [&](const Tensor& y) { return derivative(0, y); }, y_);
  const double end = times_.back(), precision = y_.dtype() == float32 ? std::numeric_limits<float>::epsilon()
                                                                      : std::numeric_limits<double>::epsilon();
  double h = first_step();
  for (std::int64_t tried = 0; next_ < times_.size(); ++tried) {
    if (tried >= options_.max_steps) give_up("max_steps is reached", h);
    const bool last = std::abs(time_ + 1.01 * h) >= std::abs(end);
    if (last) h = end - time_;
    const Step step = attempt(h);
    const double next = next_step(h, step);
    if (step.error <= 1) {
      ++accepted_;
      look_for_stiffness(h, step);
      time_ = last ? end : time_ + h;
      y_ = step.y;
      k1_ = step.k;
      outputs.insert(outputs.end(), step.outputs.begin(), step.outputs.end());
      next_ += step.outputs.size();
    } else if (std::abs(next) <= 4 * precision * std::max(std::abs(first_ + time_), 1e-3 * std::abs(end))) {
      give_up(std::isfinite(step.error) ? "steps have become too small" : "the derivative, or y, is not finite", next);
    }
    h = next;
  }
  return outputs;
}

}  // namespace xgrad::detail
