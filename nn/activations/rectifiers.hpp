#pragma once

// Activations of the family of relu: the identity for positive x (up to a bound perhaps), something small for others.

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

Tensor relu(const Operand& x);   ///< max(x, 0); its derivative at 0 is 0
Tensor relu6(const Operand& x);  ///< min(max(x, 0), 6); its derivative at 0 and 6 is 0
/// scale (x for x > 0, else alpha (e^x - 1)), scale = 1.05070098..., alpha = 1.67326324...: of normally distributed
/// numbers it keeps mean 0 and variance 1 (Klambauer, Unterthiner, Mayr and Hochreiter, 2017).
Tensor selu(const Operand& x);
/// x for x > 0, else weight x, where the weight has one element, or one for each channel, which is axis 1 (0 of x with
/// one axis); at 0 its derivative is the weight (He, Zhang, Ren and Sun, 2015). ShapeError for other weights.
Tensor prelu(const Operand& x, const Operand& weight);
/// x for x > bound, else the value; its derivative at the bound is 0.
Tensor threshold(const Operand& x, double bound, double value);

namespace detail {
struct LeakyRelu {
  Tensor operator()(const Operand& x, double slope = 0.01) const;
};
struct Elu {
  Tensor operator()(const Operand& x, double alpha = 1) const;
};
struct Celu {
  Tensor operator()(const Operand& x, double alpha = 1) const;
};
struct Hardtanh {
  Tensor operator()(const Operand& x, double low = -1, double high = 1) const;
};
}  // namespace detail

/// leaky_relu(x, slope = 0.01): x for x > 0, else slope * x; its derivative at 0 is the slope.
inline constexpr detail::LeakyRelu leaky_relu;
/// elu(x, alpha = 1): x for x > 0, else alpha * (e^x - 1) (Clevert, Unterthiner and Hochreiter, 2015).
inline constexpr detail::Elu elu;
/// celu(x, alpha = 1): x for x > 0, else alpha * (e^(x / alpha) - 1) (Barron, 2017). ValueError for alpha = 0.
inline constexpr detail::Celu celu;
/// hardtanh(x, low = -1, high = 1): x between the bounds, else the nearer one; on a bound its derivative is 0 (that of
/// clamp is 1). ValueError unless low < high.
inline constexpr detail::Hardtanh hardtanh;

}  // namespace xgrad
