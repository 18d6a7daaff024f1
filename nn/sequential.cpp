#include "nn/sequential.hpp"

namespace xgrad::nn {

Sequential::Sequential(const Sequential& other) : Module(other) {
  for (const auto& step : other.steps_) steps_.push_back(step->copy());
}

Sequential& Sequential::operator=(Sequential other) noexcept {
  Module::operator=(std::move(other));
  steps_.swap(other.steps_);
  return *this;
}

Tensor Sequential::operator()(const Operand& x) const {
  const CallScope scope("Sequential", x.where());
  Tensor y = x.tensor();
  for (const auto& step : steps_) y = step->apply(y);
  return y;
}

void Sequential::visit(Visitor& visitor) {
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (Module* module = steps_[i]->module()) visitor(std::to_string(i), *module);
}

}  // namespace xgrad::nn
