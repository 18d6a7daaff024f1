// Activations.

#include <numbers>

#include "nn/activations.hpp"
#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor whole = tensor({1, 2});

Real sigmoid_of(Real x) { return 1 / (1 + std::exp(-x)); }
Real gelu_of(Real x) { return x / 2 * std::erfc(-x / std::numbers::sqrt2_v<Real>); }
Real tanh_gelu_of(Real x) {
  const Real inner = std::sqrt(2 / std::numbers::pi_v<Real>) * (x + 0.044715L * x * x * x);
  return x / 2 * (1 + std::tanh(inner));
}

// Of one Tensor, at both sides of 0 and far from it.
std::vector<Case> activation(Tensor (*f)(const Tensor&), Real (*element)(Real)) {
  const auto of_list = [element](const List& x) { return element(x[0]); };
  const auto call = [f](const Xs& x) { return f(x[0]); };
  std::vector<Case> cases = elementwise(call, {{-3, 3.5}}, of_list);
  const auto far = elementwise(call, {{-30, 30.5}}, of_list);
  cases.push_back(far[1]);
  return cases;
}

}  // namespace

std::vector<Composition> activation_compositions() {
  return {
      {.call = "sigmoid(x)",
       .equation = "1 / (1 + exp(−x))",
       .cases = activation([](const Tensor& x) { return sigmoid(x); }, sigmoid_of),
       .refusals = {refuses<DTypeError>([] { return sigmoid(whole); })}},
      {.call = "logsigmoid(x)",
       .equation = "log(1 / (1 + exp(−x)))",
       .cases =
           activation([](const Tensor& x) { return logsigmoid(x); }, [](Real x) { return -std::log1p(std::exp(-x)); }),
       .refusals = {refuses<DTypeError>([] { return logsigmoid(whole); })}},
      {.call = "relu(x)",
       .equation = "max(x, 0)",
       .cases = activation([](const Tensor& x) { return relu(x); }, [](Real x) { return x > 0 ? x : 0; }),
       .refusals = {refuses<DTypeError>([] { return relu(whole); })}},
      {.call = "silu(x)",
       .equation = "x / (1 + exp(−x))",
       .cases = activation([](const Tensor& x) { return silu(x); }, [](Real x) { return x * sigmoid_of(x); }),
       .refusals = {refuses<DTypeError>([] { return silu(whole); })}},
      {.call = "softsign(x)",
       .equation = "x / (1 + |x|)",
       .cases = activation([](const Tensor& x) { return softsign(x); }, [](Real x) { return x / (1 + std::abs(x)); }),
       .refusals = {refuses<DTypeError>([] { return softsign(whole); })}},
      {.call = "leaky_relu(x, slope = 0.01)",
       .equation = "x for x > 0, else slope x",
       .cases =
           activation([](const Tensor& x) { return leaky_relu(x, 0.25); }, [](Real x) { return x > 0 ? x : x / 4; }),
       .refusals = {refuses<DTypeError>([] { return leaky_relu(whole); })}},
      {.call = "elu(x, alpha = 1)",
       .equation = "x for x > 0, else alpha (exp x − 1)",
       .cases = activation([](const Tensor& x) { return elu(x, 1.5); },
                           [](Real x) { return x > 0 ? x : 1.5L * std::expm1(x); }),
       .refusals = {refuses<DTypeError>([] { return elu(whole); })}},
      {.call = "softplus(x, beta = 1, threshold = 20)",
       .equation = "log(1 + exp(beta x)) / beta; x where beta x > threshold",
       .cases = activation([](const Tensor& x) { return softplus(x, 2, 50); },
                           [](Real x) { return 2 * x > 50 ? x : std::log1p(std::exp(2 * x)) / 2; }),
       .refusals = {refuses<ValueError>([] { return softplus(ones({2}), 0); }),
                    refuses<DTypeError>([] { return softplus(whole); })}},
      {.call = "gelu(x, form = Gelu::exact)",
       .equation = "x P(X ≤ x) for a standard normal X, or x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))",
       .cases = joined(activation([](const Tensor& x) { return gelu(x); }, gelu_of),
                       activation([](const Tensor& x) { return gelu(x, Gelu::tanh); }, tanh_gelu_of)),
       .refusals = {refuses<DTypeError>([] { return gelu(whole); })}},
  };
}

}  // namespace xgrad::catalogue
