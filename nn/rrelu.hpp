#pragma once

#include "nn/module.hpp"

namespace xgrad::nn {

/// y = x for x > 0, else a x: in training a is drawn for each element from U(lower, upper), in evaluation it is
/// (lower + upper) / 2. Each RReLU draws from a stream of its own, which belongs to its state.
/// (Xu, Wang, Chen and Li, "Empirical evaluation of rectified activations in convolutional network", 2015.)
class RReLU : public Module {
 public:
  /// ValueError unless lower <= upper, both finite.
  explicit RReLU(double lower = 1.0 / 8, double upper = 1.0 / 3, Rng rng = default_rng().split(),
                 const Location& where = Location::current());

  Tensor operator()(const Operand& x) const;
  void visit(Visitor& visitor) override { visitor("rng", rng_); }

 private:
  double lower_, upper_;
  mutable Rng rng_;  // every call draws anew
};

}  // namespace xgrad::nn
