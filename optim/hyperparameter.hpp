#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <variant>

#include "optim/scalar.hpp"
#include "optim/step_number.hpp"

namespace xgrad::optim {

/// A number that depends on the step: a pure function of the number of steps done before, 0, 1, 2, ... Derivatives flow
/// to the Tensors and Parameters it is made of. Any function from the step to a number, a Tensor, a Parameter or a
/// Scalar is a schedule:
///
///     optim::Schedule rate = [](std::int64_t step) { return 0.1 / std::sqrt(1.0 + step); };
class Schedule {
 public:
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Schedule> && !std::convertible_to<F, Tensor> &&
           std::invocable<const F&, std::int64_t>) Schedule(F function)
      : function_([function = std::move(function)](std::int64_t step) { return Scalar(function(step)); }) {}

  Scalar operator()(std::int64_t step) const;
  Scalar operator()(const StepNumber& step) const { return (*this)(step.of_optimizer()); }

 private:
  std::function<Scalar(std::int64_t)> function_;
};

/// What a rule or schedule can be given for each of its numbers: a number, a Tensor, a Parameter (read at every step)
/// or a Schedule.
class Hyperparameter {
 public:
  template <Number N>
  Hyperparameter(N number) : value_(static_cast<double>(number)) {}
  /// ShapeError unless there is one element, DTypeError unless it is floating.
  Hyperparameter(const Tensor& tensor, const Location& where = Location::current());
  Hyperparameter(const Parameter& parameter, const Location& where = Location::current());
  Hyperparameter(Schedule schedule) : value_(std::move(schedule)) {}

  Scalar at(std::int64_t step) const;
  Scalar at(const StepNumber& step) const { return at(step.of_optimizer()); }

  /// Whether it is this very number.
  bool is_number(double number) const {
    const double* held = std::get_if<double>(&value_);
    return held && *held == number;
  }
  /// ValueError, naming `rule` and `name`, unless a number or the present value of a Parameter lies in the interval.
  /// Tensors and Schedules are not looked at.
  struct Interval {
    double low;
    double high;
    bool includes_low;
    bool includes_high;
  };
  void require(const Interval& interval, const char* rule, const char* name, const Location& where) const;

 private:
  std::variant<double, Tensor, Parameter, Schedule> value_;
};

/// What the Parameters of a group have in place of the rule's own rate and decay.
struct OwnNumbers {
  std::optional<Hyperparameter> rate, decay;
};
/// The rule's rate at a step, or that of the Parameter's group; likewise the decay.
inline Scalar rate_at(const StepNumber& step, const Hyperparameter& of_rule) {
  return (step.own() && step.own()->rate ? *step.own()->rate : of_rule).at(step);
}
inline Scalar decay_at(const StepNumber& step, const Hyperparameter& of_rule) {
  return (step.own() && step.own()->decay ? *step.own()->decay : of_rule).at(step);
}

/// Finite.
inline constexpr Hyperparameter::Interval finite{-1.7976931348623157e308, 1.7976931348623157e308, true, true};
/// Finite and not negative: learning rates, weight decays.
inline constexpr Hyperparameter::Interval non_negative{0, 1.7976931348623157e308, true, true};
/// Finite and positive: epsilons, lengths.
inline constexpr Hyperparameter::Interval positive{0, 1.7976931348623157e308, false, true};
/// In [0, 1): decay rates of running means.
inline constexpr Hyperparameter::Interval decay_rate{0, 1, true, false};

}  // namespace xgrad::optim
