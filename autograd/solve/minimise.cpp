#include "autograd/solve/minimise.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <optional>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/solve/line_search.hpp"
#include "autograd/transform/cotangents.hpp"
#include "autograd/transform/linearize.hpp"

namespace xgrad::detail {

namespace {

using Vector = std::vector<double>;
using Function = std::function<Tensor(const Tensor&)>;

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}
Vector plus(Vector a, double factor, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += factor * b[i];
  return a;
}
double largest(const Vector& a) {
  double most = 0;
  for (const double element : a) most = std::isnan(element) ? element : std::max(most, std::abs(element));
  return most;
}

struct Place {
  Vector x, gradient;
  double value = 0;
  bool finite() const { return std::isfinite(value) && std::isfinite(largest(gradient)); }
};

// f and its derivatives, of vectors of double precision.
class Objective {
 public:
  Objective(const Function& f, const Tensor& x0, const Location& where) : f_(f), x0_(x0), where_(where) {}

  Tensor tensor_of(const Vector& x) const { return tensor(x, x0_.shape(), x0_.dtype(), where_); }
  Place at(const Vector& x) {
    ++evaluations;
    const auto [inputs, value] = value_at(x);
    const Tensor gradient = inner_grad(value, inputs, where_)[0];
    evaluate(std::vector<Tensor>{value, gradient}, where_);
    return {inputs[0].to_vector(), gradient.to_vector(), value.item()};
  }
  /// Products with the Hessian at x.
  auto products(const Vector& x) const {
    const auto [inputs, value] = value_at(x);
    return [this, push = Pushforward(inner_grad(value, inputs, where_), inputs, "minimise", where_)](const Vector& v) {
      return push({tensor_of(v)})[0].to_vector();
    };
  }

  int evaluations = 0;

 private:
  std::pair<Tensors, Tensor> value_at(const Vector& x) const {
    const EnableGrad tracking;
    Tensors inputs = track_all({{tensor_of(x)}}, where_);
    Tensor value = f_(inputs[0]);
    check<GraphError>(value.defined(), where_, "minimise: the function returned an undefined Tensor");
    check<ShapeError>(value.numel() == 1, where_, "minimise: the function must give one element, got ",
                      describe(value));
    return {std::move(inputs), std::move(value)};
  }

  const Function& f_;
  const Tensor& x0_;
  const Location& where_;
};

// The latest steps and how the gradient changed along them: an inverse of the Hessian.
class Memory {
 public:
  explicit Memory(int most) : most_(static_cast<std::size_t>(std::max(most, 1))) {}

  void add(Vector step, Vector change) {
    const double curvature = dot(step, change);
    if (!(curvature > 1e-12 * std::sqrt(dot(step, step) * dot(change, change)))) return;
    pairs_.push_back({std::move(step), std::move(change), curvature});
    if (pairs_.size() > most_) pairs_.pop_front();
  }
  void clear() { pairs_.clear(); }
  bool empty() const { return pairs_.empty(); }
  /// Minus the inverse times the gradient: algorithm 7.4.
  Vector direction(const Vector& gradient) const {
    Vector q = plus(Vector(gradient.size()), -1, gradient), weights(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      weights[i] = dot(pairs_[i].step, q) / pairs_[i].curvature;
      q = plus(std::move(q), -weights[i], pairs_[i].change);
    }
    if (!pairs_.empty()) {
      const double scale = pairs_.back().curvature / dot(pairs_.back().change, pairs_.back().change);
      for (double& element : q) element *= scale;
    }
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      // (Not in the call: q may be gone by then.)
      const double weight = weights[i] - dot(pairs_[i].change, q) / pairs_[i].curvature;
      q = plus(std::move(q), weight, pairs_[i].step);
    }
    return q;
  }

 private:
  struct Pair {
    Vector step, change;
    double curvature;
  };
  std::deque<Pair> pairs_;
  std::size_t most_;
};

// Conjugate gradients on H d = -g, as far as it pays and as the curvature is positive.
template <class Products>
Vector newton_direction(const Products& times, const Vector& gradient) {
  Vector d(gradient.size()), rest = gradient, along = plus(Vector(gradient.size()), -1, gradient);
  double square = dot(rest, rest);
  const double size = std::sqrt(square), goal = std::min(0.1, std::sqrt(size)) * size;
  for (std::size_t i = 0; i < 2 * gradient.size() + 10 && std::sqrt(square) > goal; ++i) {
    const Vector product = times(along);
    const double curvature = dot(along, product);
    if (!(curvature > 1e-14 * dot(along, along))) return i == 0 ? along : d;
    const double step = square / curvature;
    d = plus(std::move(d), step, along);
    rest = plus(std::move(rest), step, product);
    const double next = dot(rest, rest);
    for (std::size_t k = 0; k < along.size(); ++k) along[k] = -rest[k] + next / square * along[k];
    square = next;
  }
  return d;
}

class Minimiser {
 public:
  Minimiser(const Function& f, const Tensor& x0, const MinimiseOptions& options, const Location& where)
      : objective_(f, x0, where), options_(options), memory_(options.history), single_(x0.dtype() == float32) {
    if (options_.gradient_tolerance <= 0) options_.gradient_tolerance = single_ ? 1e-4 : 1e-8;
    here_ = objective_.at(x0.to_vector());
  }

  Minimum run() {
    int iteration = 0;
    std::string reason;
    while (reason = why_stop(iteration), reason.empty()) {
      if (!step()) {
        reason = "no step along the line lowers the value: it is as low as its precision tells";
        break;
      }
      ++iteration;
    }
    const bool converged = small_gradient();
    if (converged) reason = "the gradient is small";
    return {objective_.tensor_of(here_.x), {},        largest(here_.gradient), iteration,
            objective_.evaluations,        converged, std::move(reason)};
  }

 private:
  bool small_gradient() const {
    return largest(here_.gradient) <= options_.gradient_tolerance * std::max(1.0, std::abs(here_.value));
  }
  std::string why_stop(int iteration) const {
    if (!here_.finite()) return "the value or the gradient is not finite";
    if (small_gradient()) return "the gradient is small";
    if (iteration >= options_.max_iterations) return "max_iterations is reached";
    return {};
  }

  Vector direction() const {
    const Vector d = options_.method == MinimiseMethod::lbfgs
                         ? memory_.direction(here_.gradient)
                         : newton_direction(objective_.products(here_.x), here_.gradient);
    return dot(d, here_.gradient) < 0 ? d : plus(Vector(d.size()), -1, here_.gradient);
  }

  // Whether there was one. Where what is remembered leads nowhere, it is dropped.
  bool step() {
    if (search(direction())) return true;
    if (options_.method == MinimiseMethod::newton_cg || memory_.empty()) return false;
    memory_.clear();
    return search(direction());
  }
  bool search(const Vector& along) {
    struct Seen {
      double step = 0;
      Place place;
    } latest, lowest{0, here_};
    const auto at = [&](double distance) {
      latest = {distance, objective_.at(plus(here_.x, distance, along))};
      if (latest.place.finite() && latest.place.value < lowest.place.value) lowest = latest;
      return LinePoint{distance, latest.place.value, dot(latest.place.gradient, along)};
    };
    const LinePoint start{0, here_.value, dot(here_.gradient, along)};
    const bool scaled = options_.method == MinimiseMethod::newton_cg || !memory_.empty();
    const double first = scaled ? 1 : std::min(1.0, 1 / std::sqrt(dot(here_.gradient, here_.gradient)));
    const LinePoint point = line_search(at, start, first, {.precision = single_ ? 1e-6 : 1e-14});
    Place& next = point.step == latest.step ? latest.place : lowest.place;
    const Vector moved = plus(next.x, -1, here_.x);
    if (point.step == 0 || largest(moved) == 0) return false;
    memory_.add(moved, plus(next.gradient, -1, here_.gradient));
    here_ = std::move(next);
    return true;
  }

  Objective objective_;
  MinimiseOptions options_;
  Memory memory_;
  bool single_;
  Place here_;
};

}  // namespace

Minimum minimise(const Function& f, const Tensor& x0, const MinimiseOptions& options, const Location& where) {
  check<DTypeError>(is_floating(x0.dtype()), where, "minimise: x0 is ", describe(x0), "; it needs a floating dtype");
  Minimum found = [&] {
    const NoGrad untracked;
    return Minimiser(f, x0, options, where).run();
  }();
  if (Tape::current().grad) {
    const auto slope = [&](const Tensor& x) { return inner_grad(f(x), {x}, where)[0]; };
    found.x = implicit(slope, found.x, options.implicit, where);
    if (!found.converged && found.x.tracked())
      found.x = change_cotangent(found.x, [where, reason = found.reason](const Tensor&) -> Tensor {
        fail<ConvergenceError>(where, "minimise: there is no derivative, since it did not converge: ", reason);
      });
  }
  found.value = f(found.x);
  return found;
}

}  // namespace xgrad::detail
