#pragma once

// Activations of a whole axis that give a distribution, beside softmax and log_softmax of autograd/ops/compose.hpp.

#include <cstdint>

#include "autograd/core/random.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// softmax over the channels of images [N, C, H, W] or [C, H, W], for each place. ShapeError for other shapes.
Tensor softmax2d(const Operand& x);

struct GumbelSoftmaxOptions {
  double tau = 1;     ///< > 0: the smaller, the nearer to a choice of one
  bool hard = false;  ///< whether the value is a choice of one, with the derivative of the soft one
  std::int64_t axis = -1;
};
/// softmax((logits + g) / tau) with g from Gumbel's distribution: a random distribution whose largest element is i with
/// probability softmax(logits)_i, differentiable by the logits (Jang, Gu and Poole; Maddison, Mnih and Teh, 2016).
/// ValueError unless tau > 0.
Tensor gumbel_softmax(const Operand& logits, Rng& rng, const GumbelSoftmaxOptions& options = {});

namespace detail {
struct Softmin {
  Tensor operator()(const Operand& x, std::int64_t axis = -1) const;
};
}  // namespace detail

/// softmin(x, axis = -1): softmax(-x)
inline constexpr detail::Softmin softmin;

}  // namespace xgrad
