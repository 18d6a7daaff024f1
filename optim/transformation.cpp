#include "optim/transformation.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"

namespace xgrad::optim {

Tensors zeros_for(const Tensor& parameter, std::size_t count) {
  Tensors zeros;
  while (zeros.size() < count) zeros.push_back(zeros_like(parameter));
  return zeros;
}

Transformation::Transformation(std::vector<std::string> slots, Init init, Update update)
    : slots_(std::move(slots)),
      init_(std::move(init)),
      update_([update = std::move(update)](const Tensors& gradients, const std::vector<Tensors>& state,
                                           const Tensors& parameters, const StepNumbers& steps) {
        Result result;
        for (std::size_t i = 0; i < gradients.size(); ++i) {
          Step one = update(gradients[i], state[i], parameters[i], steps.of(i));
          result.updates.push_back(std::move(one.update));
          result.state.push_back(std::move(one.state));
        }
        return result;
      }) {}

Transformation Transformation::together(Together update, bool needs_finite) {
  Transformation rule;
  rule.needs_finite_ = needs_finite;
  rule.couples_ = true;
  rule.update_ = [update = std::move(update)](const Tensors& gradients, const std::vector<Tensors>& state,
                                              const Tensors& parameters, const StepNumbers& steps) {
    return Result{update(gradients, parameters, steps.of_optimizer()), state};
  };
  return rule;
}

Transformation Transformation::with_rate(const Hyperparameter& rate) const {
  Transformation rule = *this;
  rule.rates_ = {rate};
  return rule;
}

Transformation Transformation::with_decay(const Hyperparameter& decay) const {
  Transformation rule = *this;
  rule.decays_ = {decay};
  return rule;
}

Transformation Transformation::with_name(std::string name) const {
  Transformation rule = *this;
  rule.name_ = std::move(name);
  return rule;
}

Transformation Transformation::with_non_negative(std::vector<std::string> slots) const {
  Transformation rule = *this;
  rule.non_negative_ = std::move(slots);
  return rule;
}

Tensors Transformation::init(const Tensor& parameter, const Location& where) const {
  check<ValueError>(init_ != nullptr, where, "a rule that was moved from is used");
  return init_(parameter);
}

Transformation::Result Transformation::update(const Tensors& gradients, const std::vector<Tensors>& state,
                                              const Tensors& parameters, const StepNumbers& steps,
                                              const Location& where) const {
  check<ValueError>(update_ != nullptr, where, "a rule that was moved from is used");
  Result result = update_(gradients, state, parameters, steps);
  check<ValueError>(result.updates.size() == parameters.size(), where, "a rule made ", result.updates.size(),
                    " updates for ", parameters.size(), " parameters");
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& update = result.updates[i];
    check<ValueError>(update.defined(), where, "a rule made an undefined update for parameter ", i);
    check<ShapeError>(update.shape() == parameters[i].shape(), where, "a rule made an update ", describe(update),
                      " for parameter ", i, ", ", describe(parameters[i]));
    check<DTypeError>(update.dtype() == parameters[i].dtype(), where, "a rule made an update ", describe(update),
                      " for parameter ", i, ", ", describe(parameters[i]));
    check<ValueError>(result.state[i].size() == slots_.size(), where, "a rule made ", result.state[i].size(),
                      " state Tensors for ", slots_.size(), " slots");
  }
  return result;
}

namespace {

/// `name`, or `name_2`, `name_3`, ... if it is taken.
std::string free_name(const std::vector<std::string>& taken, const std::string& name) {
  std::string candidate = name;
  for (int number = 2; std::ranges::find(taken, candidate) != taken.end(); ++number)
    candidate = name + '_' + std::to_string(number);
  return candidate;
}

}  // namespace

Transformation chain(std::vector<Transformation> rules) {
  Transformation all;
  for (const Transformation& rule : rules) {
    for (const std::string& slot : rule.slots_) {
      all.slots_.push_back(free_name(all.slots_, slot));
      if (std::ranges::find(rule.non_negative_, slot) != rule.non_negative_.end())
        all.non_negative_.push_back(all.slots_.back());
    }
    if (!rule.name_.empty()) all.name_ += (all.name_.empty() ? "" : " + ") + rule.name_;
    all.needs_finite_ = all.needs_finite_ || rule.needs_finite_;
    all.couples_ = all.couples_ || rule.couples_;
    all.rates_.insert(all.rates_.end(), rule.rates_.begin(), rule.rates_.end());
    all.decays_.insert(all.decays_.end(), rule.decays_.begin(), rule.decays_.end());
  }
  all.init_ = [rules](const Tensor& parameter) {
    Tensors state;
    for (const Transformation& rule : rules)
      for (Tensor& slot : rule.init_(parameter)) state.push_back(std::move(slot));
    return state;
  };
  all.update_ = [rules = std::move(rules)](const Tensors& gradients, const std::vector<Tensors>& state,
                                           const Tensors& parameters, const StepNumbers& steps) {
    Transformation::Result result{gradients, std::vector<Tensors>(parameters.size())};
    std::ptrdiff_t first = 0;
    for (const Transformation& rule : rules) {
      if (rule.idle_ && !steps.has_groups()) continue;
      const auto last = first + static_cast<std::ptrdiff_t>(rule.slots_.size());
      std::vector<Tensors> own;
      for (const Tensors& slots : state) own.emplace_back(slots.begin() + first, slots.begin() + last);
      Transformation::Result next = rule.update(result.updates, own, parameters, steps);
      result.updates = std::move(next.updates);
      for (std::size_t i = 0; i < parameters.size(); ++i)
        std::ranges::move(next.state[i], std::back_inserter(result.state[i]));
      first = last;
    }
    return result;
  };
  return all;
}

}  // namespace xgrad::optim
