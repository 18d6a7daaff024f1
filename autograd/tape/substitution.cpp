#include "autograd/tape/substitution.hpp"

#include <utility>

#include "autograd/core/fail.hpp"
#include "autograd/tape/entry.hpp"

namespace xgrad {

Substitution::Substitution(std::span<const Parameter> parameters, std::span<const Tensor> values, const Location& where)
    : parameters_(parameters.begin(), parameters.end()) {
  check<ValueError>(parameters.size() == values.size(), where, "substitute: ", values.size(), " Tensors for ",
                    parameters.size(), " Parameters");
  for (std::size_t i = 0; i < values.size(); ++i) parameters[i].check_fits(values[i], where);
  // Memory is reserved first, because nothing may fail once the first Parameter has changed.
  for (const Parameter& parameter : parameters_)
    parameter.cell_->stands.reserve(parameter.cell_->stands.size() + parameters_.size());
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Parameter::Cell& cell = *parameters_[i].cell_;
    const Parameter::Guard alone(cell);
    if (cell.stands.empty()) cell.own = cell.value;
    cell.stands.push_back({this, values[i]});
    cell.value = values[i];
  }
}

// Substitutions may go in any order. An assignment has removed them all.
Substitution::~Substitution() {
  for (const Parameter& parameter : parameters_) {
    Parameter::Cell& cell = *parameter.cell_;
    if (std::erase_if(cell.stands, [&](const Parameter::Stand& stand) { return stand.substitution == this; }) == 0)
      continue;
    Tensor next = cell.stands.empty() ? std::exchange(cell.own, Tensor()) : cell.stands.back().value;
    const Parameter::Guard alone(cell);
    cell.value.swap(next);
  }
}

}  // namespace xgrad
