#include "optim/adagrad.hpp"

#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"

namespace xgrad::optim {

Transformation adagrad(const Hyperparameter& rate, const AdagradOptions& options, const Location& where) {
  const CallScope scope("adagrad", where);
  rate.require(non_negative, "adagrad", "rate", where);
  options.lr_decay.require(non_negative, "adagrad", "lr_decay", where);
  options.eps.require(positive, "adagrad", "eps", where);
  options.eps_root.require(non_negative, "adagrad", "eps_root", where);
  options.initial_accumulator.require(non_negative, "adagrad", "initial_accumulator", where);

  Transformation adapt(
      {"sum"},
      [options](const Tensor& parameter) { return Tensors{options.initial_accumulator.at(0).spread_like(parameter)}; },
      [options](const Tensor& gradient, const Tensors& state, const Tensor&, const StepNumber& step) {
        const Tensor sum = state[0] + square(gradient);
        return Step{gradient / (sqrt(sum + options.eps_root.at(step)) + options.eps.at(step)), {sum}};
      });
  Transformation decayed(
      {}, [](const Tensor&) { return Tensors{}; },
      [rate, options](const Tensor& gradient, const Tensors&, const Tensor&, const StepNumber& step) {
        const std::int64_t before = step;
        return Step{gradient * -(rate_at(step, rate) / (1 + options.lr_decay.at(step) * before)), {}};
      });
  return chain(weight_decay(options.weight_decay, where), adapt.with_non_negative({"sum"}), decayed.with_rate(rate))
      .with_name("adagrad");
}

Transformation adadelta(const Hyperparameter& rate, const AdadeltaOptions& options, const Location& where) {
  const CallScope scope("adadelta", where);
  options.rho.require(decay_rate, "adadelta", "rho", where);
  options.eps.require(positive, "adadelta", "eps", where);

  Transformation adapt(
      {"square_avg", "acc_delta"},
      [](const Tensor& parameter) {
        return Tensors{zeros_like(parameter), zeros_like(parameter)};
      },
      [options](const Tensor& gradient, const Tensors& state, const Tensor&, const StepNumber& step) {
        const Scalar rho = options.rho.at(step), eps = options.eps.at(step);
        const Tensor squares = state[0] * rho + square(gradient) * (1 - rho);
        const Tensor delta = sqrt(state[1] + eps) / sqrt(squares + eps) * gradient;
        return Step{delta, {squares, state[1] * rho + square(delta) * (1 - rho)}};
      });
  return chain(weight_decay(options.weight_decay, where), adapt.with_non_negative({"square_avg", "acc_delta"}),
               descend(rate, where))
      .with_name("adadelta");
}

}  // namespace xgrad::optim
