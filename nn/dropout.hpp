#pragma once

#include "nn/module.hpp"

namespace xgrad::nn {

/// In training, y = x / (1 - p) with probability 1 - p, else 0; in evaluation, y = x. p = 1 gives zeros.
/// Each Dropout draws from a stream of its own, which belongs to its state.
/// (Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, 2014.)
class Dropout : public Module {
 public:
  /// ValueError unless 0 <= p <= 1.
  explicit Dropout(double p = 0.5, Rng rng = default_rng().split(), const Location& where = Location::current());

  Tensor operator()(const Operand& x) const;
  void visit(Visitor& visitor) override { visitor("rng", rng_); }

  double p() const { return p_; }

 private:
  double p_;
  mutable Rng rng_;  // every call draws a new mask
};

}  // namespace xgrad::nn
