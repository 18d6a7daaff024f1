#pragma once

#include "nn/module.hpp"

namespace xgrad::nn {

struct PReLUOptions {
  double init = 0.25;
  DType dtype = float32;
};

/// y = x for x > 0, else weight x, with a weight [1] or one for each channel [channels], that is trained; the channels
/// are axis 1 (He, Zhang, Ren and Sun, 2015).
class PReLU : public Module {
 public:
  /// ValueError unless channels > 0.
  explicit PReLU(std::int64_t channels = 1, PReLUOptions options = {}, const Location& where = Location::current());

  Tensor operator()(const Operand& x) const;
  void visit(Visitor& visitor) override { visitor("weight", weight); }

  Parameter weight;
};

}  // namespace xgrad::nn
