#include "optim/adam.hpp"

#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"

namespace xgrad::optim {

namespace {

template <class Options>
void require_valid(const Options& options, const char* rule, const Location& where) {
  options.beta1.require(decay_rate, rule, "beta1", where);
  options.beta2.require(decay_rate, rule, "beta2", where);
  options.eps.require(positive, rule, "eps", where);
  if constexpr (requires { options.eps_root; }) options.eps_root.require(non_negative, rule, "eps_root", where);
}

/// The running means of g and g^2 at a step, and the corrections of their bias.
struct Moments {
  Scalar beta1, beta2;
  Scalar correction1, correction2;  // 1 - beta^t
  Tensor mean, square_mean;

  template <class Options>
  Moments(const Options& options, const Tensor& gradient, const Tensors& state, const StepNumber& step)
      : beta1(options.beta1.at(step)),
        beta2(options.beta2.at(step)),
        correction1(1 - pow(beta1, step + 1)),
        correction2(1 - pow(beta2, step + 1)),
        mean(state[0] * beta1 + gradient * (1 - beta1)),
        square_mean(state[1] * beta2 + square(gradient) * (1 - beta2)) {}
};

/// M / (sqrt(V + eps_root) + eps)
template <class Options>
Transformation scale_by_adam(const Options& options) {
  std::vector<std::string> slots{"exp_avg", "exp_avg_sq"};
  if (options.amsgrad) slots.push_back("max_exp_avg_sq");
  const Transformation rule(
      slots, [count = slots.size()](const Tensor& parameter) { return zeros_for(parameter, count); },
      [options](const Tensor& gradient, const Tensors& state, const Tensor&, const StepNumber& step) {
        const Moments now(options, gradient, state, step);
        Step result{{}, {now.mean, now.square_mean}};
        if (options.amsgrad) result.state.push_back(maximum(state[2], now.square_mean));
        // The corrections are gathered in the scalars: m / (sqrt(v) * (c1 / sqrt(c2)) + eps * c1).
        const Tensor root = sqrt(result.state.back() + options.eps_root.at(step) * now.correction2);
        result.update =
            now.mean / (root * (now.correction1 / sqrt(now.correction2)) + options.eps.at(step) * now.correction1);
        return result;
      });
  return rule.with_non_negative({"exp_avg_sq", "max_exp_avg_sq"});
}

}  // namespace

Transformation adam(const Hyperparameter& rate, const AdamOptions& options, const Location& where) {
  const CallScope scope("adam", where);
  require_valid(options, "adam", where);
  return chain(weight_decay(options.weight_decay, where), scale_by_adam(options), descend(rate, where))
      .with_name("adam");
}

Transformation adamw(const Hyperparameter& rate, const AdamWOptions& options, const Location& where) {
  const CallScope scope("adamw", where);
  require_valid(options, "adamw", where);
  return chain(scale_by_adam(options), weight_decay(options.weight_decay, where), descend(rate, where))
      .with_name("adamw");
}

Transformation adamax(const Hyperparameter& rate, const AdamaxOptions& options, const Location& where) {
  const CallScope scope("adamax", where);
  require_valid(options, "adamax", where);
  Transformation adapt(
      {"exp_avg", "exp_inf"}, [](const Tensor& parameter) { return zeros_for(parameter, 2); },
      [options](const Tensor& gradient, const Tensors& state, const Tensor&, const StepNumber& step) {
        const Scalar beta1 = options.beta1.at(step);
        const Tensor mean = state[0] * beta1 + gradient * (1 - beta1);
        const Tensor largest = maximum(state[1] * options.beta2.at(step), abs(gradient) + options.eps.at(step));
        return Step{mean / (largest * (1 - pow(beta1, step + 1))), {mean, largest}};
      });
  return chain(weight_decay(options.weight_decay, where), adapt.with_non_negative({"exp_inf"}), descend(rate, where))
      .with_name("adamax");
}

Transformation nadam(const Hyperparameter& rate, const NAdamOptions& options, const Location& where) {
  const CallScope scope("nadam", where);
  require_valid(options, "nadam", where);
  options.momentum_decay.require(non_negative, "nadam", "momentum_decay", where);
  Transformation adapt(
      {"exp_avg", "exp_avg_sq", "mu_product"},
      [](const Tensor& parameter) {
        return Tensors{zeros_like(parameter), zeros_like(parameter), ones({}, float64)};
      },
      [options](const Tensor& gradient, const Tensors& state, const Tensor&, const StepNumber& step) {
        const Moments now(options, gradient, state, step);
        const auto mu = [&](std::int64_t t) {
          return now.beta1 * (1 - 0.5 * pow(0.96, options.momentum_decay.at(step) * t));
        };
        const Scalar next_mu = mu(step + 2), product = Scalar(state[2]) * mu(step + 1);
        const Tensor ahead =
            gradient * ((1 - mu(step + 1)) / (1 - product)) + now.mean * (next_mu / (1 - product * next_mu));
        const Tensor root = sqrt(now.square_mean + options.eps_root.at(step) * now.correction2);
        return Step{ahead / (root * (1 / sqrt(now.correction2)) + options.eps.at(step)),
                    {now.mean, now.square_mean, product.tensor(float64)}};
      });
  return chain(weight_decay(options.weight_decay, where), adapt.with_non_negative({"exp_avg_sq"}), descend(rate, where))
      .with_name("nadam");
}

Transformation radam(const Hyperparameter& rate, const RAdamOptions& options, const Location& where) {
  const CallScope scope("radam", where);
  require_valid(options, "radam", where);
  Transformation adapt(
      {"exp_avg", "exp_avg_sq"}, [](const Tensor& parameter) { return zeros_for(parameter, 2); },
      [options](const Tensor& gradient, const Tensors& state, const Tensor&, const StepNumber& step) {
        const Moments now(options, gradient, state, step);
        const Scalar limit = 2 / (1 - now.beta2) - 1;
        const Scalar length = limit - 2 * (step + 1) * pow(now.beta2, step + 1) / now.correction2;
        Step result{now.mean * (1 / now.correction1), {now.mean, now.square_mean}};
        if (length.item() > 5) {
          const Scalar rectifier =
              sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length) * now.correction2);
          result.update =
              result.update * rectifier / (sqrt(now.square_mean + options.eps_root.at(step)) + options.eps.at(step));
        }
        return result;
      });
  return chain(weight_decay(options.weight_decay, where), adapt.with_non_negative({"exp_avg_sq"}), descend(rate, where))
      .with_name("radam");
}

}  // namespace xgrad::optim
