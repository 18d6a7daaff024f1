#pragma once

#include "nn/module.hpp"

namespace xgrad::nn {

/// y = x / (1 - p) with probability 1 - p, else 0, drawn from `rng`; p = 1 gives zeros. ValueError unless 0 <= p <= 1,
/// DTypeError unless x is floating.
Tensor dropout(const Operand& x, double p, Rng& rng = default_rng());

/// In training, y = dropout(x, p); in evaluation, y = x.
/// Each Dropout draws from a stream of its own, which belongs to its state. DTypeError unless x is floating.
/// (Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, 2014.)
class Dropout : public Module {
 public:
  /// ValueError unless 0 <= p <= 1.
  explicit Dropout(double p = 0.5, Rng rng = default_rng().split(), const Location& where = Location::current());

  Tensor operator()(const Operand& x) const;
  void visit(Visitor& visitor) override { visitor("rng", rng_); }

  double p() const { return p_; }

 protected:
  /// Whether nothing is dropped.
  bool idle() const { return !training() || p_ == 0; }
  /// A mask that is true with probability 1 - p.
  Tensor kept(const Shape& shape, const Location& where) const;
  /// y = x / (1 - p) where a mask of this shape, repeated along axes of size 1, is true, else 0.
  Tensor scaled(const Tensor& x, const Shape& mask, const Location& where) const;

 private:
  double p_;
  mutable Rng rng_;  // every call draws a new mask
};

/// The same for whole channels: of x (N, C, L) or (C, L), each x[n, c] is kept or dropped as a whole. ShapeError for
/// another number of axes. (Tompson, Goroshin, Jain, LeCun and Bregler, "Efficient object localization using
/// convolutional networks", 2015.)
struct Dropout1d : Dropout {
  using Dropout::Dropout;
  Tensor operator()(const Operand& x) const;
};
/// The same for x (N, C, H, W) or (C, H, W).
struct Dropout2d : Dropout {
  using Dropout::Dropout;
  Tensor operator()(const Operand& x) const;
};
/// The same for x (N, C, D, H, W) or (C, D, H, W).
struct Dropout3d : Dropout {
  using Dropout::Dropout;
  Tensor operator()(const Operand& x) const;
};

/// In training, y = a x' + b, where x' is x with probability 1 - p, else m = -1.7580993408473766, what selu tends to at
/// -inf, with a = ((1 - p)(1 + p m^2))^(-1/2) and b = -a p m, so that a mean of 0 and a variance of 1 stay what they
/// are; in evaluation, y = x. p = 1 gives zeros. (Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural
/// networks", 2017.)
struct AlphaDropout : Dropout {
  using Dropout::Dropout;
  Tensor operator()(const Operand& x) const;
};
/// The same for whole channels: each x[n, c, ...] is kept or dropped as a whole. ShapeError for fewer than two axes.
struct FeatureAlphaDropout : Dropout {
  using Dropout::Dropout;
  Tensor operator()(const Operand& x) const;
};

}  // namespace xgrad::nn
