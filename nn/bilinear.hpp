#pragma once

#include "nn/module.hpp"

namespace xgrad::nn {

struct BilinearOptions {
  bool bias = true;
  DType dtype = float32;
};

/// y[..., o] = sum over i, j of x1[..., i] W[o, i, j] x2[..., j] + b[o]: (..., in1), (..., in2) -> (..., out), with
/// weight W [out, in1, in2] and bias b [out], both drawn from U(-1/sqrt(in1), 1/sqrt(in1)).
class Bilinear : public Module {
 public:
  /// ValueError unless all sizes are positive.
  Bilinear(std::int64_t first, std::int64_t second, std::int64_t outputs, BilinearOptions options = {},
           Rng& rng = default_rng(), const Location& where = Location::current());

  /// ShapeError unless the inputs end in axes of the sizes in1 and in2 and have the same axes before.
  Tensor operator()(const Operand& x1, const Operand& x2) const;
  void visit(Visitor& visitor) override;

  Parameter weight;
  Parameter bias;  ///< undefined without bias
};

}  // namespace xgrad::nn
