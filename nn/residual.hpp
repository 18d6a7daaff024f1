#pragma once

#include <utility>

#include "nn/steps.hpp"

namespace xgrad::nn {

/// y = x + f(x), where f is one step or, one after the other, several (He, Zhang, Ren, Sun, "Deep residual learning for
/// image recognition", 2015):
///
///     nn::Sequential model(nn::Linear(8, 16), nn::Residual(nn::Linear(16, 16), relu, nn::Linear(16, 16)));
///
/// Modules are named by their place: `0.weight`. What adds f(x) to a projection of x is a Parallel.
class Residual : public Steps {
 public:
  template <SequentialStep... Added>
  explicit Residual(Added... steps) : Steps(std::move(steps)...) {}

  /// ShapeError unless f keeps the shape.
  Tensor operator()(const Operand& x) const;
};

}  // namespace xgrad::nn
