#pragma once

#include "nn/steps.hpp"

namespace xgrad::nn {

/// y = x.
class Identity : public Module {
 public:
  Tensor operator()(const Operand& x) const;
};

/// y = f(x), for a function or a lambda where a module is needed: in a ModuleMap, or to give it hooks.
class Lambda : public Module {
 public:
  template <SequentialStep Function>
  requires(!std::same_as<Function, Lambda>) explicit Lambda(Function function) : function_(std::move(function)) {}

  Tensor operator()(const Operand& x) const;

 private:
  Step function_;
};

}  // namespace xgrad::nn
