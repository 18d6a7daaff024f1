#include "optim/transformations.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/tape.hpp"
#include "autograd/transform/derivation.hpp"

namespace xgrad::optim {

namespace {

/// The norm of all elements together, in the widest dtype among them.
Tensor global_norm(const Tensors& gradients, double p) {
  Tensors norms;
  DType widest = float32;
  for (const Tensor& gradient : gradients)
    if (gradient.dtype() == float64) widest = float64;
  for (const Tensor& gradient : gradients) {
    const Tensor one = norm(gradient, all_axes, {p});
    norms.push_back(one.dtype() == widest ? one : cast(one, widest));
  }
  return norms.size() == 1 ? norms[0] : norm(stack(norms), all_axes, {p});
}

Tensors scaled_all(const Tensors& gradients, const Scalar& factor) {
  Tensors results;
  for (const Tensor& gradient : gradients) results.push_back(gradient * factor);
  return results;
}

Clipped clip(const Tensors& gradients, const Scalar& max_norm, double p) {
  if (gradients.empty()) return {{}, zeros({})};
  const Tensor norm = global_norm(gradients, p);
  const Tensor factor = max_norm.tensor(norm.dtype()) / (norm + 1e-6);
  return {scaled_all(gradients, Scalar(where(factor < 1, factor, 1))), norm};
}

// The first of them with an element that is not finite, or how many there are.
std::size_t first_not_finite(const Tensors& gradients, const Location& where) {
  std::size_t i = 0;
  while (i < gradients.size() && std::isfinite(sum(gradients[i] - gradients[i]).item(where))) ++i;
  return i;
}

void check_finite(const Tensors& gradients, const Clipped& clipped, const Location& where) {
  Tensors all = clipped.gradients;
  all.push_back(clipped.norm);
  evaluate(all, where);
  const double norm = clipped.norm.item(where);
  if (std::isfinite(norm)) return;
  const std::size_t bad = first_not_finite(gradients, where);
  check<ValueError>(bad == gradients.size(), where, "clip_gradients: gradient ", bad, ", ",
                    bad < gradients.size() ? describe(gradients[bad]).str() : "", ", is not finite");
  fail<ValueError>(where, "clip_gradients: the norm of the gradients is ", norm);
}

void check_norm(const Hyperparameter& max_norm, double p, const Location& where) {
  max_norm.require(positive, "clip_by_global_norm", "max_norm", where);
  check<ValueError>(p > 0, where, "clip_by_global_norm: p = ", p, " is not positive");
}

}  // namespace

Transformation scale(const Hyperparameter& factor, const Location& where) {
  factor.require(finite, "scale", "factor", where);
  return {{},
          [](const Tensor&) { return Tensors{}; },
          [factor](const Tensor& gradient, const Tensors&, const Tensor&, const StepNumber& step) {
            return Step{gradient * factor.at(step), {}};
          }};
}

Transformation scale_by_schedule(const Schedule& factor) { return scale(factor); }

Transformation descend(const Hyperparameter& rate, const Location& where) {
  rate.require(non_negative, "descend", "rate", where);
  const Transformation rule(
      {}, [](const Tensor&) { return Tensors{}; },
      [rate](const Tensor& gradient, const Tensors&, const Tensor&, const StepNumber& step) {
        return Step{gradient * -rate_at(step, rate), {}};
      });
  return rule.with_rate(rate);
}

Transformation normalise(const Hyperparameter& length, const Location& where) {
  length.require(positive, "normalise", "length", where);
  return Transformation::together([length](const Tensors& gradients, const Tensors&, std::int64_t step) {
    if (gradients.empty()) return gradients;
    const Tensor norm = global_norm(gradients, 2);
    const Tensor factor = length.at(step).tensor(norm.dtype()) / norm;
    return scaled_all(gradients, Scalar(xgrad::where(norm == 0, 0, factor)));
  });
}

Transformation clip_by_value(double limit, const Location& where) {
  check<ValueError>(limit > 0, where, "clip_by_value: limit = ", limit, " is not positive");
  return Transformation([limit](const Tensor& gradient) { return clamp(gradient, -limit, limit); });
}

Transformation clip_by_global_norm(const Hyperparameter& max_norm, double p, const Location& where) {
  check_norm(max_norm, p, where);
  const bool needs_finite = true;
  return Transformation::together(
      [max_norm, p](const Tensors& gradients, const Tensors&, std::int64_t step) {
        return clip(gradients, max_norm.at(step), p).gradients;
      },
      needs_finite);
}

Clipped clip_gradients(const Tensors& gradients, const Hyperparameter& max_norm, double p, const Location& where) {
  const CallScope scope("clip_gradients", where);
  check_norm(max_norm, p, where);
  for (std::size_t i = 0; i < gradients.size(); ++i)
    check<GraphError>(gradients[i].defined(), where, "clip_gradients: gradient ", i, " is an undefined Tensor");
  Clipped clipped = clip(gradients, max_norm.at(0), p);
  if (detail::notes_derivations())  // clipped or not, they are of the same loss
    for (std::size_t i = 0; i < gradients.size(); ++i) detail::note_sum(gradients[i], clipped.gradients[i]);
  if (!Tape::current().differentiable_updates) check_finite(gradients, clipped, where);
  return clipped;
}

Transformation momentum(const Hyperparameter& decay, const MomentumOptions& options, const Location& where) {
  decay.require(non_negative, "momentum", "decay", where);
  options.dampening.require(finite, "momentum", "dampening", where);
  check<ValueError>(!options.nesterov || (!decay.is_number(0) && options.dampening.is_number(0)), where,
                    "momentum: Nesterov's variant needs a decay that is not 0, and no dampening");
  return {{"momentum_buffer"},
          [](const Tensor& parameter) { return Tensors{zeros_like(parameter)}; },
          [decay, options](const Tensor& gradient, const Tensors& state, const Tensor&, const StepNumber& step) {
            const Scalar mu = decay.at(step), damp = options.dampening.at(step);
            // The buffer is 0 at first: one plan serves this step and the others.
            const Tensor velocity = state[0] * mu + gradient * (step == 0 ? Scalar(1) : 1 - damp);
            return Step{options.nesterov ? gradient + velocity * mu : velocity, {velocity}};
          }};
}

Transformation nesterov(const Hyperparameter& decay, const Location& where) {
  return momentum(decay, {.nesterov = true}, where);
}

Transformation weight_decay(const Hyperparameter& decay, const Location& where) {
  decay.require(non_negative, "weight_decay", "decay", where);
  Transformation rule(
      {}, [](const Tensor&) { return Tensors{}; },
      [decay](const Tensor& gradient, const Tensors&, const Tensor& parameter, const StepNumber& step) {
        const Scalar factor = decay_at(step, decay);
        return Step{factor.is_number(0) ? gradient : gradient + parameter * factor, {}};
      });
  rule.idle_ = decay.is_number(0);
  return rule.with_decay(decay);
}

}  // namespace xgrad::optim
