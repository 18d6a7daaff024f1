#include "autograd/tape/substitution.hpp"

#include <utility>

#include "autograd/core/fail.hpp"
#include "autograd/tape/entry.hpp"

namespace xgrad {

Substitution::Substitution(std::span<const Parameter> parameters, std::span<const Tensor> values, const Location& where)
    : parameters_(parameters.begin(), parameters.end()), values_(values.begin(), values.end()) {
  check<ValueError>(parameters.size() == values.size(), where, "substitute: ", values.size(), " Tensors for ",
                    parameters.size(), " Parameters");
  for (std::size_t i = 0; i < values.size(); ++i) parameters[i].check_fits(values[i], where);
  held_.reserve(parameters.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    held_.push_back(std::exchange(parameters_[i].cell_->value, values_[i]));
}

Substitution::~Substitution() {
  for (std::size_t i = parameters_.size(); i-- > 0;) {  // backwards, if a Parameter was given twice
    Tensor& value = parameters_[i].cell_->value;
    if (value.entry() == values_[i].entry()) value = held_[i];
  }
}

}  // namespace xgrad
