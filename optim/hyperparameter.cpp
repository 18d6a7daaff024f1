#include "optim/hyperparameter.hpp"

#include "autograd/core/fail.hpp"

namespace xgrad::optim {

Scalar Schedule::operator()(std::int64_t step) const {
  check<ValueError>(function_ != nullptr, Location::current(), "a Schedule that was moved from is used");
  return function_(step);
}

Hyperparameter::Hyperparameter(const Tensor& tensor, const Location& where) : value_(tensor) {
  static_cast<void>(Scalar(tensor, where));
}

Hyperparameter::Hyperparameter(const Parameter& parameter, const Location& where) : value_(parameter) {
  check<GraphError>(parameter.defined(), where, "a hyperparameter is an undefined Parameter");
  static_cast<void>(Scalar(parameter, where));
}

Scalar Hyperparameter::at(std::int64_t step) const {
  if (const double* number = std::get_if<double>(&value_)) return *number;
  if (const Tensor* tensor = std::get_if<Tensor>(&value_)) return Scalar(*tensor);
  if (const Parameter* parameter = std::get_if<Parameter>(&value_)) return Scalar(*parameter);
  return std::get<Schedule>(value_)(step);
}

void Hyperparameter::require(const Interval& interval, const char* rule, const char* name,
                             const Location& where) const {
  if (!std::holds_alternative<double>(value_) && !std::holds_alternative<Parameter>(value_)) return;
  const auto [low, high, includes_low, includes_high] = interval;
  const double value = at(0).item(where);
  const bool inside = (includes_low ? value >= low : value > low) && (includes_high ? value <= high : value < high);
  check<ValueError>(inside, where, rule, ": ", name, " = ", value, " is not in ", includes_low ? '[' : '(', low, ", ",
                    high, includes_high ? ']' : ')');
}

}  // namespace xgrad::optim
