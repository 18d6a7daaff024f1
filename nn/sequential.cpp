#include "nn/sequential.hpp"

#include "autograd/core/fail.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

Tensor Step::operator()(const Operand& x) const {
  Module* const module = held_->module();
  if (!module) return held_->apply(x.tensor());
  const HeldCall call(*module);
  return call.result(held_->apply(x.tensor()));
}

Tensor Sequential::operator()(const Operand& x) const {
  const Call call(*this, "Sequential", x.where());
  Tensor y = x.tensor();
  for (const Step& step : steps_) y = step(Operand(y, x.where()));
  return call.result(std::move(y));
}

Step& Sequential::at(std::size_t index, const Location& where) {
  check<IndexError>(index < steps_.size(), where, "step: there is no step ", index, " of ", steps_.size());
  return steps_[index];
}

void Sequential::refuse_type(std::size_t index, const Location& where) {
  Module* const module = steps_[index].module();
  fail<ValueError>(where, "step: step ", index, " is of another type", module ? ", " + module->type_name() : "");
}

void Sequential::visit(Visitor& visitor) {
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (Module* module = steps_[i].module()) visitor(std::to_string(i), *module);
}

}  // namespace xgrad::nn
