#pragma once

#include "nn/module.hpp"

namespace xgrad::nn {

struct LinearOptions {
  bool bias = true;
  DType dtype = float32;
};

/// y = x W^T + b: (..., in) -> (..., out), with weight W [out, in] and bias b [out], both drawn from
/// U(-1/sqrt(in), 1/sqrt(in)).
class Linear : public Module {
 public:
  /// ValueError unless both sizes are positive.
  Linear(std::int64_t inputs, std::int64_t outputs, LinearOptions options = {}, Rng& rng = default_rng(),
         const Location& where = Location::current());

  /// ShapeError unless the last axis of x has size `in`.
  Tensor operator()(const Operand& x) const;
  void visit(Visitor& visitor) override;

  Parameter weight;
  Parameter bias;  ///< undefined without bias
};

}  // namespace xgrad::nn
