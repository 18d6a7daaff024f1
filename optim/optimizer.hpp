#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autograd/tape/parameter.hpp"
#include "autograd/tape/state.hpp"
#include "optim/transformation.hpp"

namespace xgrad::optim {

/// What an Optimizer does when a gradient, or the loss that the gradients are of, has an element that is NaN or
/// infinite. (It knows the loss of what `grad` and `backward` gave, and of what was computed from that, unless it was
/// evaluated before the step.)
enum class NonFinite {
  propagate,  ///< nothing special: the parameters become NaN
  error,      ///< a ValueError names the Parameter; nothing is changed
  skip,       ///< the step is left out and counted in `skipped`
};

/// What a step does with a Parameter that has no gradient (an undefined Tensor).
enum class MissingGradient {
  error,  ///< a GraphError names the Parameter; nothing is changed
  skip,   ///< the Parameter is left alone, as one that is frozen, and its step is not counted
};

/// Parameters that have a rate or a decay of their own, in place of the rule's: found by their names, in which `*`
/// stands for any characters and `?` for one.
struct Group {
  std::string names;
  std::optional<Hyperparameter> rate{};   ///< in place of the rule's rate, a Schedule perhaps
  std::optional<Hyperparameter> decay{};  ///< in place of its weight decay
};

struct OptimizerOptions {
  /// Unless given: error for rules that would spread a NaN to all Parameters (clip_by_global_norm), else propagate,
  /// which costs nothing. The check is not done inside DifferentiableUpdates.
  std::optional<NonFinite> nonfinite{};
  /// In the first step: one line on stderr where the loss depends on a trainable Parameter that no Optimizer has ever
  /// been given and no derivative is asked by: `visit` forgot it, or whoever made the list of Parameters. Freeze what
  /// is not to be trained (Module::set_trainable), or switch this off. Not inside DifferentiableUpdates.
  bool warn_of_forgotten = true;
  MissingGradient missing = MissingGradient::error;
  /// For an Optimizer of named Parameters. A Parameter may be in several groups, of which one gives its rate and one
  /// its decay.
  std::vector<Group> groups{};
};

/// Applies a rule to Parameters, step by step:
///
///     optim::Optimizer optimizer(model.parameters(), optim::adam(optim::cosine_decay(1e-3, 9380)));
///     optimizer.step(grad(loss, model.parameters()));
///
/// Given names, it tells them in errors, and groups may have rates and decays of their own:
///
///     optim::Optimizer optimizer(model.named_parameters(), optim::adamw(1e-3),
///                                {.groups = {{.names = "*.bias", .decay = 0}, {.names = "encoder.*", .rate = 1e-5}}});
///
/// A step computes all new values and states together and then assigns them; when it throws, nothing has changed.
/// Parameters that are frozen are left alone, and their steps are not counted. Inside a DifferentiableUpdates scope
/// nothing is computed and everything stays recorded, so that derivatives flow through the steps.
class Optimizer : public Stateful {
 public:
  /// ValueError when there are no parameters, one occurs twice, or one is undefined.
  Optimizer(std::vector<Parameter> parameters, Transformation rule, OptimizerOptions options = {},
            const Location& where = Location::current())
      : Optimizer(std::move(parameters), std::vector<std::string>(), std::move(rule), std::move(options), where) {}
  /// ValueError also when a group matches no name, gives nothing, gives a Parameter what another group gives it, or
  /// what the rule does not have exactly one of.
  template <std::same_as<NamedParameter> Named>
  Optimizer(const std::vector<Named>& parameters, Transformation rule, OptimizerOptions options = {},
            const Location& where = Location::current())
      : Optimizer(parameters_of(parameters), names_of(parameters), std::move(rule), std::move(options), where) {}

  /// One step with the given gradients, one for each Parameter. ValueError for another number of gradients, ShapeError
  /// or DTypeError for one that is not like its Parameter, GraphError for an undefined one (see MissingGradient).
  void step(Tensors gradients, const Location& where = Location::current());
  /// One step with the gradients that `backward` accumulated. GraphError when a Parameter that is not frozen has none.
  void step(const Location& where = Location::current());
  /// Forgets the accumulated gradients.
  void zero_gradients();

  /// From now on the steps are of the Parameters at these places alone, and the states of the others are zeros that
  /// take no memory: somebody else keeps those, and takes their steps (see parallel/). `load_state` keeps no others,
  /// either. ValueError for a place that there is not, and for a rule whose updates depend on all gradients together
  /// (clip_by_global_norm).
  void keep_only(const std::vector<std::size_t>& places, const Location& where = Location::current());
  const Transformation& rule() const { return rule_; }
  /// What it does with a gradient that is not finite.
  NonFinite policy() const;
  /// Leaves out a step, and counts it.
  void skip() { ++skipped_; }

  const std::vector<Parameter>& parameters() const { return parameters_; }
  std::int64_t steps() const { return steps_; }      ///< done so far
  std::int64_t skipped() const { return skipped_; }  ///< left out because of a gradient that was not finite

  /// The rule's rate in the step to come, a schedule's value then. Evaluates. ValueError for a rule that has no rate,
  /// or several.
  double rate(const Location& where = Location::current()) const;
  /// That of the Parameter with this name, whose group may have one of its own. ValueError where no name is this.
  double rate(const std::string& name, const Location& where = Location::current()) const;

  /// `step` (int64), for Parameter i and each slot of the rule `i.slot`, with PyTorch's names (`0.exp_avg`),
  /// `taken_steps` (int64 [parameters]: those of the steps that each Parameter has taken), `skipped_steps` (int64), and
  /// as texts (see text.hpp) `rule`, the name of the rule, and `parameters`, their shapes and names.
  std::vector<NamedTensor> state() const override;
  /// FormatError also for the state of another rule, of other Parameters or of the same in another order, for one with
  /// more than 2^53 steps, and for one whose second moments (or what else cannot be negative) are negative. All but
  /// `step` and the slots may be missing, as they are in files of others: then every Parameter has taken every step.
  void load_state(const std::vector<NamedTensor>& saved, const Location& where = Location::current()) override;

 private:
  Optimizer(std::vector<Parameter> parameters, std::vector<std::string> names, Transformation rule,
            OptimizerOptions options, const Location& where);
  static std::vector<Parameter> parameters_of(const std::vector<NamedParameter>& named);
  static std::vector<std::string> names_of(const std::vector<NamedParameter>& named);
  struct Inputs;
  Inputs inputs_of(const Tensors& gradients, const Location& where) const;
  struct Pending;
  Pending record(const Tensors& gradients, const Location& where) const;
  /// Whether to go on.
  bool check_finite(const Pending& pending, const Location& where);
  bool keeps(std::size_t place) const { return kept_.empty() || kept_[place]; }
  void give_up_others();
  std::string parameter_list() const;
  void check_parameters(const std::string& saved, const Location& where) const;

  std::vector<Parameter> parameters_;
  std::vector<std::string> names_;  // of these, or none
  Transformation rule_;
  OptimizerOptions options_;
  std::vector<OwnNumbers> own_;  // of each Parameter; none without groups
  std::vector<Tensors> state_;
  std::vector<bool> kept_;  // the Parameters that steps are of; empty for all of them
  std::int64_t steps_ = 0;
  std::vector<std::int64_t> taken_;  // of these steps, those of each Parameter
  std::int64_t skipped_ = 0;
  std::shared_ptr<const void> notes_losses_, notes_parameters_;  // until the first step (see derivation.hpp)
};

}  // namespace xgrad::optim
