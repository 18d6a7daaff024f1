#include "optim/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <unordered_map>

#include "autograd/core/fail.hpp"
#include "autograd/core/no_memory.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/history.hpp"
#include "autograd/tape/tape.hpp"
#include "autograd/transform/derivation.hpp"
#include "optim/forgotten.hpp"
#include "optim/groups.hpp"

namespace xgrad::optim {

/// What the rule is asked with: of each Parameter that takes the step, in order.
struct Optimizer::Inputs {
  std::vector<std::size_t> places;  // of these Parameters
  Tensors gradients, values;
  std::vector<Tensors> state;
  std::vector<std::int64_t> taken;
  std::vector<const OwnNumbers*> own;  // none without groups
};

/// A step that has been recorded but not been taken.
struct Optimizer::Pending {
  std::vector<std::size_t> places;  // of the Parameters that are not frozen
  Tensors values;
  std::vector<Tensors> state;
  Tensors checked;  // for each, 0 or NaN, and then the gradients; nothing where they are not checked
  std::vector<Derivation> derivations;  // of which the losses are checked

  Tensors results() const {
    Tensors tensors = values;
    for (const Tensors& slots : state) tensors.insert(tensors.end(), slots.begin(), slots.end());
    return tensors;
  }
};

Optimizer::Optimizer(std::vector<Parameter> parameters, std::vector<std::string> names, Transformation rule,
                     OptimizerOptions options, const Location& where)
    : parameters_(std::move(parameters)),
      names_(std::move(names)),
      rule_(std::move(rule)),
      options_(std::move(options)) {
  const CallScope scope("Optimizer", where);
  check<ValueError>(!parameters_.empty(), where, "Optimizer: no parameters");
  const bool differentiable = Tape::current().differentiable_updates;
  const detail::TapeScope<bool, &Tape::grad> tracking(differentiable && Tape::current().grad);
  std::unordered_map<Parameter, std::size_t> known;
  taken_.resize(parameters_.size());
  if (options_.nonfinite.value_or(rule_.needs_finite() ? NonFinite::error : NonFinite::propagate) !=
      NonFinite::propagate)
    notes_losses_ = note_derivations(Noted::losses);
  if (options_.warn_of_forgotten) notes_parameters_ = note_derivations(Noted::parameters);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    check<ValueError>(parameters_[i].defined(), where, "Optimizer: parameter ", i, " is undefined");
    parameters_[i].set_optimised();
    const auto [at, fresh] = known.try_emplace(parameters_[i], i);
    check<ValueError>(fresh, where, "Optimizer: parameters ", at->second, " and ", i, " are the same");
    state_.push_back(rule_.init(parameters_[i], where));
    check<ValueError>(state_[i].size() == rule_.slots().size(), where, "Optimizer: the rule made ", state_[i].size(),
                      " state Tensors for ", rule_.slots().size(), " slots");
  }
  for (std::size_t i = 0; i < names_.size(); ++i) parameters_[i].set_name(names_[i]);
  own_ = own_numbers(options_.groups, names_, rule_, where);
  if (differentiable) return;
  // By itself, before the first step: that has the plan of the others then.
  Tensors needed;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (parameters_[i].trainable()) needed.insert(needed.end(), state_[i].begin(), state_[i].end());
  evaluate(needed, where);
}

std::vector<Parameter> Optimizer::parameters_of(const std::vector<NamedParameter>& named) {
  std::vector<Parameter> parameters;
  for (const auto& [name, parameter] : named) parameters.push_back(parameter);
  return parameters;
}

std::vector<std::string> Optimizer::names_of(const std::vector<NamedParameter>& named) {
  std::vector<std::string> names;
  for (const auto& [name, parameter] : named) names.push_back(name);
  return names;
}

double Optimizer::rate(const Location& where) const {
  check<ValueError>(rule_.rates().size() == 1, where, "rate: the rule has ", rule_.rates().size(), " rates");
  return rule_.rates()[0].at(steps_).item(where);
}

double Optimizer::rate(const std::string& name, const Location& where) const {
  const auto at = std::ranges::find(names_, name);
  check<ValueError>(at != names_.end(), where, "rate: no parameter is named ", name);
  const auto place = static_cast<std::size_t>(at - names_.begin());
  return own_.empty() || !own_[place].rate ? rate(where) : own_[place].rate->at(steps_).item(where);
}

NonFinite Optimizer::policy() const {
  if (Tape::current().differentiable_updates) return NonFinite::propagate;
  return options_.nonfinite.value_or(rule_.needs_finite() ? NonFinite::error : NonFinite::propagate);
}

namespace {
void check_gradient(const Tensor& gradient, const Tensor& value, const Parameter& parameter, std::size_t place,
                    const Location& where) {
  const auto described = describe(parameter);
  check<GraphError>(gradient.defined(), where, "step: there is no gradient for parameter ", place, ", ", described,
                    " (MissingGradient::skip leaves it alone)");
  check<ShapeError>(gradient.shape() == value.shape(), where, "step: the gradient for parameter ", place, " is ",
                    describe(gradient), ", the parameter ", described);
  check<DTypeError>(gradient.dtype() == value.dtype(), where, "step: the gradient for parameter ", place, " is ",
                    describe(gradient), ", the parameter ", described);
}
}  // namespace

Optimizer::Inputs Optimizer::inputs_of(const Tensors& gradients, const Location& where) const {
  Inputs inputs;
  std::size_t missing = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (!parameters_[i].trainable() || !keeps(i)) continue;
    const Tensor &gradient = gradients[i], &value = parameters_[i].value();
    if (!gradient.defined() && options_.missing == MissingGradient::skip) {
      ++missing;
      continue;
    }
    check_gradient(gradient, value, parameters_[i], i, where);
    inputs.places.push_back(i);
    inputs.gradients.push_back(gradient);
    inputs.values.push_back(value);
    inputs.state.push_back(state_[i]);
    inputs.taken.push_back(taken_[i]);
    if (!own_.empty()) inputs.own.push_back(&own_[i]);
  }
  check<GraphError>(missing == 0 || !inputs.places.empty(), where, "step: no parameter has a gradient");
  return inputs;
}

Optimizer::Pending Optimizer::record(const Tensors& gradients, const Location& where) const {
  check<ValueError>(!parameters_.empty(), where, "step: the Optimizer was moved from");
  check<ValueError>(gradients.size() == parameters_.size(), where, "step: ", gradients.size(), " gradients for ",
                    parameters_.size(), " parameters");
  auto [places, used, values, state, taken, own] = inputs_of(gradients, where);
  const Undivided whole;
  Transformation::Result result = rule_.update(used, state, values, {steps_, std::move(taken), std::move(own)}, where);
  Pending pending;
  pending.places = std::move(places);
  pending.state = std::move(result.state);
  for (std::size_t i = 0; i < values.size(); ++i) {
    pending.values.push_back(values[i] + result.updates[i]);
    if (policy() != NonFinite::propagate) pending.checked.push_back(sum(used[i] - used[i]));
  }
  if (policy() == NonFinite::propagate) return pending;
  pending.derivations = derivations_of(used);
  std::erase_if(pending.derivations, [](const Derivation& derivation) { return !derivation.residue.defined(); });
  std::ranges::move(used, std::back_inserter(pending.checked));
  return pending;
}

// The gradients are computed, and the check is made, before anything may be overwritten.
bool Optimizer::check_finite(const Pending& pending, const Location& where) {
  if (pending.checked.empty()) return true;
  Tensors checked = pending.checked;
  for (const Derivation& derivation : pending.derivations) checked.push_back(derivation.residue);
  evaluate(checked, where);
  for (std::size_t i = 0; i < pending.places.size(); ++i) {
    if (std::isfinite(pending.checked[i].item(where))) continue;
    check<ValueError>(policy() == NonFinite::skip, where, "step: the gradient for parameter ", pending.places[i], ", ",
                      describe(parameters_[pending.places[i]]), ", is not finite; nothing was changed");
    return false;
  }
  for (const Derivation& derivation : pending.derivations) {
    if (std::isfinite(derivation.residue.item(where))) continue;
    check<ValueError>(policy() == NonFinite::skip, where, "step: the loss recorded at ", place(derivation.loss),
                      " is not finite, although its gradients are; nothing was changed");
    return false;
  }
  return true;
}

void Optimizer::step(Tensors gradients, const Location& where) try {
  const CallScope scope("step", where);
  const bool differentiable = Tape::current().differentiable_updates;
  const detail::TapeScope<bool, &Tape::grad> tracking(differentiable && Tape::current().grad);
  if (notes_parameters_ && !differentiable) warn_of_forgotten(gradients, where);
  notes_parameters_.reset();
  Pending pending = record(gradients, where);
  gradients.clear();  // what is held by nobody but entries need not be kept
  if (!check_finite(pending, where)) {
    ++skipped_;
    return;
  }
  pending.checked.clear();
  pending.derivations.clear();
  std::vector<Parameter> changed;
  for (const std::size_t place : pending.places) changed.push_back(parameters_[place]);
  Assignment assignment(changed, pending.values, where);
  Donation old(changed);
  for (const std::size_t place : pending.places) old.add(state_[place]);
  if (!differentiable) evaluate_held(pending.results(), old.values(), where);
  assignment.commit();  // nothing fails any more
  for (std::size_t i = 0; i < pending.places.size(); ++i) {
    state_[pending.places[i]] = std::move(pending.state[i]);
    ++taken_[pending.places[i]];
  }
  ++steps_;
} catch (const std::bad_alloc&) {
  no_memory("step", where);
}

void Optimizer::step(const Location& where) {
  Tensors gradients;
  for (const Parameter& parameter : parameters_) gradients.push_back(parameter.gradient());
  const bool none = std::ranges::none_of(gradients, &Tensor::defined);
  check<GraphError>(!none, where, "step: no parameter has a gradient; call backward first, or step(gradients)");
  step(std::move(gradients), where);
}

void Optimizer::zero_gradients() {
  for (Parameter& parameter : parameters_) parameter.zero_gradient();
}

}  // namespace xgrad::optim
