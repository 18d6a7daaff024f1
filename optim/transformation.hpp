#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tape/tensor.hpp"
#include "optim/hyperparameter.hpp"

namespace xgrad::optim {

using Tensors = std::vector<Tensor>;

/// So many Tensors of zeros like a parameter: each in memory of its own, as it will be after a step.
Tensors zeros_for(const Tensor& parameter, std::size_t count);

/// What a rule makes of the gradient of one Parameter.
struct Step {
  Tensor update;  ///< what is added to the Parameter
  Tensors state;  ///< what the rule is given next time
};

/// A rule that rescales or transforms gradients at every step: a pair of pure functions made of Tensor operations,
///     init(parameter) -> state           update(gradient, state, parameter, step) -> {update, state},
/// where `step` counts the steps that this parameter has taken before: 0, 1, 2, ... (a StepNumber, or the number
/// alone). The result of the last rule of a chain is *added* to the parameter, so descent needs a negative scale. A
/// rule of one's own is two lambdas, or a struct:
///
///     optim::Transformation sign_descent([](const Tensor& gradient) { return -0.01 * sign(gradient); });
///
///     struct Average {                                      // the mean of all gradients so far
///       std::vector<std::string> slots{"sum"};              // names of the state Tensors, for saving
///       optim::Tensors init(const Tensor& parameter) const { return {zeros_like(parameter)}; }
///       optim::Step update(const Tensor& gradient, const optim::Tensors& state, const Tensor&, std::int64_t step)
///           const {
///         const Tensor total = state[0] + gradient;
///         return {total / (step + 1), {total}};
///       }
///     };
///     optim::Optimizer optimizer(parameters, optim::chain(Average{}, optim::scale(-0.1)));
class Transformation {
 public:
  using Init = std::function<Tensors(const Tensor& parameter)>;
  using Update = std::function<Step(const Tensor& gradient, const Tensors& state, const Tensor& parameter,
                                    const StepNumber& step)>;

  /// A rule with a state for each Parameter; `slots` names its Tensors.
  Transformation(std::vector<std::string> slots, Init init, Update update);
  /// A rule without state, from the gradient alone.
  template <class F>
  requires(!std::convertible_to<F, Tensor> && std::is_invocable_r_v<Tensor, const F&, const Tensor&>)
      Transformation(F transform)
      : Transformation({}, nothing,
                       [transform](const Tensor& gradient, const Tensors&, const Tensor&, const StepNumber&) {
                         return Step{transform(gradient), {}};
                       }) {}
  /// From a struct with `slots`, `init` and `update`.
  template <class Rule>
  requires requires(const Rule& rule, const Tensor& tensor) {
    { rule.init(tensor) } -> std::convertible_to<Tensors>;
    { rule.update(tensor, Tensors{}, tensor, StepNumber{0}) } -> std::convertible_to<Step>;
  }
  Transformation(const Rule& rule)
      : Transformation(
            rule.slots, [rule](const Tensor& parameter) { return rule.init(parameter); },
            [rule](const Tensor& gradient, const Tensors& state, const Tensor& parameter, const StepNumber& step) {
              return rule.update(gradient, state, parameter, step);
            }) {}

  using Together = std::function<Tensors(const Tensors& gradients, const Tensors& parameters, std::int64_t step)>;
  /// A rule without state that sees all gradients at once; `step` counts those of the Optimizer. One that
  /// `needs_finite` gradients makes the Optimizer check them.
  static Transformation together(Together update, bool needs_finite = false);

  /// The same rule, known to have this learning rate (weight decay): the Optimizer tells it, and groups of Parameters
  /// may have another. So `update` has to take it from `rate_at(step, rate)` (`decay_at(step, decay)`).
  Transformation with_rate(const Hyperparameter& rate) const;
  Transformation with_decay(const Hyperparameter& decay) const;
  /// The same rule by a name, which is saved with its state: the state of another rule is refused. Rules of this
  /// library that have a rate have one; a chain has those of its parts.
  Transformation with_name(std::string name) const;
  /// The same rule, known to keep these slots from being negative: a saved state in which they are is refused.
  Transformation with_non_negative(std::vector<std::string> slots) const;
  const std::string& name() const { return name_; }
  const std::vector<std::string>& non_negative() const { return non_negative_; }

  /// Of all parts of a chain.
  const std::vector<Hyperparameter>& rates() const { return rates_; }
  const std::vector<Hyperparameter>& decays() const { return decays_; }

  /// Names of the state Tensors that there are for each Parameter.
  const std::vector<std::string>& slots() const { return slots_; }
  bool needs_finite() const { return needs_finite_; }
  /// Whether the update of a Parameter depends on the gradients of others: some part of it sees them together.
  bool couples() const { return couples_; }

  struct Result {
    Tensors updates;             ///< one for each Parameter
    std::vector<Tensors> state;  ///< for each Parameter its slots
  };
  Tensors init(const Tensor& parameter, const Location& where = Location::current()) const;
  /// ShapeError or DTypeError when an update is not like its Parameter, ValueError when a state lacks a slot.
  Result update(const Tensors& gradients, const std::vector<Tensors>& state, const Tensors& parameters,
                const StepNumbers& steps, const Location& where = Location::current()) const;

  friend Transformation chain(std::vector<Transformation> rules);
  friend Transformation weight_decay(const Hyperparameter& decay, const Location& where);

 private:
  using UpdateAll = std::function<Result(const Tensors& gradients, const std::vector<Tensors>& state,
                                         const Tensors& parameters, const StepNumbers& steps)>;
  Transformation() = default;
  static Tensors nothing(const Tensor&) { return {}; }

  std::string name_;
  std::vector<std::string> slots_;
  std::vector<std::string> non_negative_;  // of these
  Init init_ = nothing;
  UpdateAll update_;
  bool needs_finite_ = false, couples_ = false;
  bool idle_ = false;  // it hands gradients on, but for Parameters that have numbers of their own
  std::vector<Hyperparameter> rates_, decays_;
};

/// One rule after the other: each is given what the one before it made of the gradient. Without rules the gradient is
/// handed on.
Transformation chain(std::vector<Transformation> rules);
/// The same: chain(clip_by_global_norm(1), adam(1e-3)).
template <class... Rules>
requires(std::convertible_to<Rules, Transformation>&&...) Transformation chain(Rules&&... rules) {
  return chain(std::vector<Transformation>{Transformation(std::forward<Rules>(rules))...});
}

}  // namespace xgrad::optim
