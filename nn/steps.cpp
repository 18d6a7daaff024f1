#include "nn/steps.hpp"

#include "autograd/core/fail.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

void Visitor::operator()(const std::string& name, Step& member) {
  if (Module* const module = member.module()) (*this)(name, *module);
}

Tensor Step::operator()(const Operand& x) const {
  Module* const module = held_->module();
  if (!module) return held_->apply(x.tensor());
  const HeldCall call(*module);
  return call.result(held_->apply(x.tensor()));
}

Step& Steps::step(std::size_t index, const Location& where) {
  check<IndexError>(index < steps_.size(), where, "step: there is no step ", index, " of ", steps_.size());
  return steps_[index];
}

void Steps::refuse_type(std::size_t index, const Location& where) {
  Module* const module = steps_[index].module();
  fail<ValueError>(where, "step: step ", index, " is of another type", module ? ", " + module->type_name() : "");
}

void Steps::visit(Visitor& visitor) {
  for (std::size_t i = 0; i < steps_.size(); ++i) visitor(std::to_string(i), steps_[i]);
}

}  // namespace xgrad::nn
