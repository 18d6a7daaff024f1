#include "nn/losses/overlap.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"
#include "nn/losses/inputs.hpp"

namespace xgrad::nn {

namespace {

Tensor over(const Tensor& elements, const std::optional<Axes>& axes) {
  return axes ? sum(elements, *axes) : sum_per_sample(elements);
}

void check_sign(double value, const char* loss, const char* option, const Location& where) {
  check<ValueError>(value >= 0 && std::isfinite(value), where, loss, ": ", option, " = ", value);
}

}  // namespace

Tensor dice_loss(const Operand& probabilities, const Operand& target, const DiceOptions& options) {
  const CallScope scope("dice_loss", probabilities.where());
  check_sign(options.smooth, "dice_loss", "smooth", probabilities.where());
  const Pair pair("dice_loss", probabilities, target);
  const Tensor &p = pair.output, &y = pair.target;
  const Tensor sizes = options.squared ? square(p) + square(y) : p + y;
  const Tensor overlap = 2 * over(p * y, options.axes) + options.smooth;
  return reduce(1 - overlap / (over(sizes, options.axes) + options.smooth), options.reduction);
}

Tensor tversky_loss(const Operand& probabilities, const Operand& target, const TverskyOptions& options) {
  const char* const name = "tversky_loss";
  const Location& where = probabilities.where();
  const CallScope scope(name, where);
  check_sign(options.alpha, name, "alpha", where);
  check_sign(options.beta, name, "beta", where);
  check_sign(options.smooth, name, "smooth", where);
  check<ValueError>(options.gamma > 0 && std::isfinite(options.gamma), where, name, ": gamma = ", options.gamma);
  const Pair pair(name, probabilities, target);
  const Tensor &p = pair.output, &y = pair.target;
  const Tensor wrong = over(options.alpha * (p * (1 - y)) + options.beta * ((1 - p) * y), options.axes);
  // 1 - (t + s) / (t + s + wrong), which would cancel where little is wrong.
  const Tensor losses = wrong / (over(p * y, options.axes) + wrong + options.smooth);
  if (options.gamma == 1) return reduce(losses, options.reduction);
  // What misses nothing has no derivative: that of the power is infinite at 0 for gamma < 1.
  const Tensor powers = pow(losses, options.gamma);
  return reduce(options.gamma < 1 ? xgrad::where(losses == 0, 0, powers) : powers, options.reduction);
}

}  // namespace xgrad::nn
