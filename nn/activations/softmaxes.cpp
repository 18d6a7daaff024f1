#include "nn/activations/softmaxes.hpp"

#include <cmath>

#include "autograd/core/axes.hpp"
#include "autograd/core/fail.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/draws.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/reduce.hpp"
#include "nn/activations/input.hpp"

namespace xgrad {

using activation::floating;

Tensor softmax2d(const Operand& x) {
  const CallScope scope("softmax2d", x.where());
  const Tensor input = floating(x, "softmax2d");
  check<ShapeError>(input.ndim() == 3 || input.ndim() == 4, x.where(),
                    "softmax2d: needs images [N, C, H, W] or [C, H, W], got ", describe(input));
  return softmax(input, -3);
}

Tensor gumbel_softmax(const Operand& logits, Rng& rng, const GumbelSoftmaxOptions& options) {
  const CallScope scope("gumbel_softmax", logits.where());
  check<ValueError>(options.tau > 0 && std::isfinite(options.tau), logits.where(),
                    "gumbel_softmax: tau = ", options.tau);
  const Tensor input = floating(logits, "gumbel_softmax");
  const std::int64_t axis = normalise_axis(options.axis, input.ndim(), "gumbel_softmax", logits.where());
  const Tensor soft = softmax((input + gumbel(input.shape(), rng, 0, 1, input.dtype())) / options.tau, axis);
  if (!options.hard) return soft;
  const Tensor chosen = moveaxis(one_hot(argmax(soft, axis), input.size(axis), input.dtype()), -1, axis);
  return chosen + (soft - stop_gradient(soft));
}

Tensor detail::Softmin::operator()(const Operand& x, std::int64_t axis) const {
  const CallScope scope("softmin", x.where());
  return softmax(-floating(x, "softmin"), axis);
}

}  // namespace xgrad
