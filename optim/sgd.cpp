#include "optim/sgd.hpp"

#include "autograd/core/fail.hpp"

namespace xgrad::optim {

Transformation sgd(const Hyperparameter& rate, const SgdOptions& options, const Location& where) {
  const CallScope scope("sgd", where);
  const bool has_momentum = !options.momentum.is_number(0);
  check<ValueError>(has_momentum || !options.nesterov, where, "sgd: Nesterov's variant needs a momentum");
  std::vector<Transformation> rules{weight_decay(options.weight_decay, where)};
  if (has_momentum)
    rules.push_back(momentum(options.momentum, {.dampening = options.dampening, .nesterov = options.nesterov}, where));
  rules.push_back(descend(rate, where));
  return chain(std::move(rules)).with_name("sgd");
}

}  // namespace xgrad::optim
