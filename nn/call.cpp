#include "nn/call.hpp"

#include <utility>

namespace xgrad::nn {

void HeldCall::begin(const Module& module, const Module* inner) {
  if (in_hook_) return;
  begun_ = true;
  called_ = &module;
  inner_ = inner;
  outer_ = std::exchange(innermost_, this);
  if (outer_ && outer_->called_ == &module) return;
  module_ = &module;
  observed_ = observer_ != nullptr;
  if (observed_) observer_->begin(module);
}

void HeldCall::end() noexcept {
  innermost_ = outer_;
  if (observed_ && observer_) observer_->end(*called_);
}

Tensor HeldCall::finish(Tensor y) const {
  {
    struct InHook {
      InHook() { in_hook_ = true; }
      ~InHook() { in_hook_ = false; }
    } const in_hook;
    const auto hooks = module_->hooks_;  // one of them may remove itself
    for (const auto& [number, name, hook] : hooks)
      if (Tensor replacement = hook(name, y); replacement.defined()) y = std::move(replacement);
  }
  if (observed_ && observer_) observer_->result(*module_, y);
  return outer_ && outer_->inner_ == called_ ? outer_->result(std::move(y)) : y;
}

}  // namespace xgrad::nn
