#include "optim/rmsprop.hpp"

#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"

namespace xgrad::optim {

namespace {

Transformation scale_by_rms(const RmspropOptions& options) {
  std::vector<std::string> slots{"square_avg"};
  if (options.centered) slots.push_back("grad_avg");
  const Transformation rule(
      slots, [count = slots.size()](const Tensor& parameter) { return zeros_for(parameter, count); },
      [options](const Tensor& gradient, const Tensors& state, const Tensor&, const StepNumber& step) {
        const Scalar decay = options.decay.at(step);
        Step result;
        result.state.push_back(state[0] * decay + square(gradient) * (1 - decay));
        Tensor spread = result.state[0];
        if (options.centered) {
          result.state.push_back(state[1] * decay + gradient * (1 - decay));
          const Tensor variance = spread - square(result.state[1]);
          spread = where(variance < 0, 0, variance);  // rounding can take it below 0
        }
        result.update = gradient / (sqrt(spread + options.eps_root.at(step)) + options.eps.at(step));
        return result;
      });
  return rule.with_non_negative({"square_avg"});
}

}  // namespace

Transformation rmsprop(const Hyperparameter& rate, const RmspropOptions& options, const Location& where) {
  const CallScope scope("rmsprop", where);
  options.decay.require(decay_rate, "rmsprop", "decay", where);
  options.eps.require(positive, "rmsprop", "eps", where);
  options.eps_root.require(non_negative, "rmsprop", "eps_root", where);
  std::vector<Transformation> rules{weight_decay(options.weight_decay, where), scale_by_rms(options)};
  if (!options.momentum.is_number(0)) rules.push_back(momentum(options.momentum, {}, where));
  rules.push_back(descend(rate, where));
  return chain(std::move(rules)).with_name("rmsprop");
}

}  // namespace xgrad::optim
