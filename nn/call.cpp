#include "nn/call.hpp"

#include <utility>

namespace xgrad::nn {

void HeldCall::begin(const Module& module, bool by_holder) {
  if (in_hook_) return;
  begun_ = true;
  by_holder_ = by_holder;
  module_ = &module;
  outer_ = std::exchange(innermost_, this);
  if (outer_ && outer_->by_holder_ && outer_->module_ == &module) {
    outer_->module_ = nullptr;
  } else if (observer_) {
    observed_ = &module;
    observer_->begin(module);
  }
}

void HeldCall::end() noexcept {
  innermost_ = outer_;
  if (observed_ && observer_) observer_->end(*observed_);
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
  if (observer_) observer_->result(*module_, y);
  return y;
}

}  // namespace xgrad::nn
