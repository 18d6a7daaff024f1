#pragma once

#include <utility>

#include "nn/steps.hpp"

namespace xgrad::nn {

/// y = f_n(... f_1(x)), of modules, functions and lambdas alike:
///
///     nn::Sequential model(nn::Linear(784, 128), gelu, nn::Linear(128, 10), softmax);
///     model.step<nn::Linear>(2).bias.assign(zeros({10}));
///
/// A function object such as gelu keeps its defaults; other values take a lambda. A step may be a Sequential itself.
/// The modules among the steps are named by their place: `0.weight`, `2.weight`.
class Sequential : public Steps {
 public:
  Sequential() = default;
  template <SequentialStep... Added>
  explicit Sequential(Added... steps) : Steps(std::move(steps)...) {}

  /// Appends a step.
  template <SequentialStep Added>
  Sequential& add(Added added) {
    steps_.emplace_back(std::move(added));
    return *this;
  }

  Tensor operator()(const Operand& x) const;
};

}  // namespace xgrad::nn
