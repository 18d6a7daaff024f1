#pragma once

// Activations x s(x) with a function s that goes from 0 to 1, and gates between two halves. At infinity mish, hardswish
// and the tanh form of gelu and their derivatives have their limits. silu and the exact gelu are NaN at -inf, and so
// are their derivatives at both infinities: to look for them would cost a tenth of the time.

#include <cstdint>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

Tensor silu(const Operand& x);  ///< x * sigmoid(x)
Tensor mish(const Operand& x);  ///< x * tanh(log(1 + e^x)), accurate in both tails (Misra, 2019)
/// x * hardsigmoid(x): 0 for x <= -3, x for x >= 3; its derivative is 0 at -3 and 1 at 3 (Howard and others, "Searching
/// for MobileNetV3", 2019).
Tensor hardswish(const Operand& x);

enum class Gelu { exact, tanh };

namespace detail {
struct GeluOf {
  Tensor operator()(const Operand& x, Gelu form = Gelu::exact) const;
};
struct Glu {
  Tensor operator()(const Operand& x, std::int64_t axis = -1) const;
};
}  // namespace detail

/// gelu(x, form = Gelu::exact): x * P(X <= x) for a standard normal X, which is x/2 * erfc(-x / sqrt 2), accurate in
/// its tail, or its approximation x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) (Hendrycks and Gimpel, 2016).
inline constexpr detail::GeluOf gelu;
/// glu(x, axis = -1): a * sigmoid(b) for the halves a and b of the axis (Dauphin, Fan, Auli and Grangier, 2017).
/// ShapeError for an axis of odd size.
inline constexpr detail::Glu glu;

}  // namespace xgrad
