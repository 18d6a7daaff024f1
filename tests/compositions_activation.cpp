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

Real softplus_of(Real x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

std::vector<Composition> smooth() {
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
      {.call = "silu(x)",
       .equation = "x / (1 + exp(−x))",
       .cases = activation([](const Tensor& x) { return silu(x); }, [](Real x) { return x * sigmoid_of(x); }),
       .refusals = {refuses<DTypeError>([] { return silu(whole); })}},
      {.call = "softsign(x)",
       .equation = "x / (1 + |x|)",
       .cases = activation([](const Tensor& x) { return softsign(x); }, [](Real x) { return x / (1 + std::abs(x)); }),
       .refusals = {refuses<DTypeError>([] { return softsign(whole); })}},
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
      {.call = "mish(x)",
       .equation = "x tanh(log(1 + exp x))",
       .cases =
           activation([](const Tensor& x) { return mish(x); }, [](Real x) { return x * std::tanh(softplus_of(x)); }),
       .refusals = {refuses<DTypeError>([] { return mish(whole); })}},
      {.call = "selu(x)",
       .equation = "1.0507 (x for x > 0, else 1.67326 (exp x − 1))",
       .cases =
           activation([](const Tensor& x) { return selu(x); },
                      [](Real x) { return 1.0507009873554805L * (x > 0 ? x : 1.6732632423543772L * std::expm1(x)); }),
       .refusals = {refuses<DTypeError>([] { return selu(whole); })}},
      {.call = "celu(x, alpha = 1)",
       .equation = "x for x > 0, else alpha (exp(x / alpha) − 1)",
       .cases = activation([](const Tensor& x) { return celu(x, 1.5); },
                           [](Real x) { return x > 0 ? x : 1.5L * std::expm1(x / 1.5L); }),
       .refusals = {refuses<ValueError>([] { return celu(ones({2}), 0); }),
                    refuses<DTypeError>([] { return celu(whole); })}},
      {.call = "tanhshrink(x)",
       .equation = "x − tanh x",
       .cases = activation([](const Tensor& x) { return tanhshrink(x); }, [](Real x) { return x - std::tanh(x); }),
       .refusals = {refuses<DTypeError>([] { return tanhshrink(whole); })}},
  };
}

Real clamped(Real x, Real low, Real high) { return x <= low ? low : x >= high ? high : x; }

Case of_channels(const Shape& shape, const Shape& weight) {
  const bool single = weight.numel() == 1;
  return any_case([](const Xs& x) { return prelu(x[0], x[1]); }, {{shape, -2, 2.3}, {weight, -0.5, 0.5}}, shape,
                  [single](const Arrays& x, const Places& at) {
                    const Real each = x[0].at(at);
                    const std::int64_t channel = single ? 0 : at[at.size() > 1 ? 1 : 0];
                    return each > 0 ? each : each * x[1].at({channel});
                  });
}

std::vector<Composition> piecewise() {
  return {
      {.call = "relu(x)",
       .equation = "max(x, 0)",
       .cases = activation([](const Tensor& x) { return relu(x); }, [](Real x) { return x > 0 ? x : 0; }),
       .refusals = {refuses<DTypeError>([] { return relu(whole); })}},
      {.call = "leaky_relu(x, slope = 0.01)",
       .equation = "x for x > 0, else slope x",
       .cases =
           activation([](const Tensor& x) { return leaky_relu(x, 0.25); }, [](Real x) { return x > 0 ? x : x / 4; }),
       .refusals = {refuses<DTypeError>([] { return leaky_relu(whole); })}},
      {.call = "prelu(x, weight)",
       .equation = "x for x > 0, else weight x, of each channel",
       .cases = {of_channels({2, 3, 2}, {3}), of_channels({4}, {4}), of_channels({2, 2}, {1}),
                 of_channels({0, 3}, {3})},
       .refusals = {refuses<ShapeError>([] {
                      return prelu(ones({2, 3}), ones({2}));
                    }),
                    refuses<DTypeError>([] { return prelu(whole, ones({1})); })}},
      {.call = "relu6(x)",
       .equation = "min(max(x, 0), 6)",
       .cases = activation([](const Tensor& x) { return relu6(x); }, [](Real x) { return clamped(x, 0, 6); }),
       .refusals = {refuses<DTypeError>([] { return relu6(whole); })}},
      {.call = "hardtanh(x, low = −1, high = 1)",
       .equation = "min(max(x, low), high)",
       .cases =
           activation([](const Tensor& x) { return hardtanh(x, -1, 2); }, [](Real x) { return clamped(x, -1, 2); }),
       .refusals = {refuses<ValueError>([] { return hardtanh(ones({2}), 1, 0); }),
                    refuses<DTypeError>([] { return hardtanh(whole); })}},
      {.call = "hardsigmoid(x)",
       .equation = "min(max(x / 6 + 1/2, 0), 1)",
       .cases = activation([](const Tensor& x) { return hardsigmoid(x); },
                           [](Real x) { return clamped(x / 6 + 0.5L, 0, 1); }),
       .refusals = {refuses<DTypeError>([] { return hardsigmoid(whole); })}},
      {.call = "hardswish(x)",
       .equation = "x min(max(x / 6 + 1/2, 0), 1)",
       .cases = activation([](const Tensor& x) { return hardswish(x); },
                           [](Real x) { return x * clamped(x / 6 + 0.5L, 0, 1); }),
       .refusals = {refuses<DTypeError>([] { return hardswish(whole); })}},
      {.call = "threshold(x, bound, value)",
       .equation = "x for x > bound, else value",
       .cases =
           activation([](const Tensor& x) { return threshold(x, 0.5, -2); }, [](Real x) { return x > 0.5L ? x : -2; }),
       .refusals = {refuses<DTypeError>([] { return threshold(whole, 0, 0); })}},
      {.call = "hardshrink(x, bound = 0.5)",
       .equation = "x where |x| > bound, else 0",
       .cases =
           activation([](const Tensor& x) { return hardshrink(x); }, [](Real x) { return std::abs(x) > 0.5L ? x : 0; }),
       .refusals = {refuses<ValueError>([] { return hardshrink(ones({2}), -1); }),
                    refuses<DTypeError>([] { return hardshrink(whole); })}},
      {.call = "softshrink(x, bound = 0.5)",
       .equation = "x − sign(x) bound where |x| > bound, else 0",
       .cases = activation([](const Tensor& x) { return softshrink(x); },
                           [](Real x) { return x > 0.5L    ? x - 0.5L
                                               : x < -0.5L ? x + 0.5L
                                                           : 0; }),
       .refusals = {refuses<ValueError>([] { return softshrink(ones({2}), -1); }),
                    refuses<DTypeError>([] { return softshrink(whole); })}},
  };
}

List softmax_of(const List& x) {
  List y;
  Real total = 0;
  for (const Real each : x) total += std::exp(each);
  for (const Real each : x) y.push_back(std::exp(each) / total);
  return y;
}
List softmin_of(List x) {
  for (Real& each : x) each = -each;
  return softmax_of(x);
}
List gated_of(const List& x) {
  List y;
  for (std::size_t i = 0; i < x.size() / 2; ++i) y.push_back(x[i] * sigmoid_of(x[x.size() / 2 + i]));
  return y;
}

// The largest elements are drawn in activations_test.cpp; here the noise is that of one state.
Case drawn_case(const Shape& shape) {
  return {[](const Xs& x) {
            Rng rng(5);
            return gumbel_softmax(x[0], rng);
          },
          {{shape}},
          [](const Arrays& x) { return x[0]; }};
}

std::vector<Composition> of_axes() {
  const auto last = [](const Tensor& x) { return glu(x); };
  const auto lowest = [](const Tensor& x) { return softmin(x); };
  const auto channels = [](const Tensor& x) { return softmax2d(x); };
  return {
      {.call = "glu(x, axis = −1)",
       .equation = "a / (1 + exp(−b)) for the halves a and b of the axis",
       .cases = {along_axis(last, {2, 4}, 1, {}, gated_of), along_axis(last, {1, 6}, 1, {}, gated_of),
                 along_axis([](const Tensor& x) { return glu(x, 0); }, {4, 3}, 0, {}, gated_of),
                 along_axis(last, {3, 0}, 1, {}, gated_of)},
       .refusals = {refuses<ShapeError>([] {
                      return glu(ones({2, 3}));
                    }),
                    refuses<DTypeError>([] { return glu(whole); })}},
      {.call = "softmin(x, axis = −1)",
       .equation = "exp(−x) / Σ exp(−x)",
       .cases = {along_axis(lowest, {2, 4}, 1, {}, softmin_of), along_axis(lowest, {3, 1}, 1, {}, softmin_of),
                 along_axis(lowest, {0, 2}, 1, {}, softmin_of)},
       .refusals = {refuses<DTypeError>([] { return softmin(whole); })}},
      {.call = "softmax2d(x)",
       .equation = "exp(x) / Σ exp(x) over the channels",
       .cases = {along_axis(channels, {2, 3, 2, 2}, 1, {}, softmax_of),
                 along_axis(channels, {3, 1, 2}, 0, {}, softmax_of),
                 along_axis(channels, {0, 2, 2, 2}, 1, {}, softmax_of)},
       .refusals = {refuses<ShapeError>([] {
                      return softmax2d(ones({2, 3}));
                    }),
                    refuses<DTypeError>([] { return softmax2d(tensor({1})); })}},
      {.call = "gumbel_softmax(logits, rng, {.tau, .hard, .axis})",
       .equation = "softmax((logits + g) / tau), g from Gumbel's distribution",
       .cases = {drawn_case({2, 3}), drawn_case({3, 1}), drawn_case({0, 2})},
       .refusals = {refuses<DTypeError>([] {
         Rng rng(1);
         return gumbel_softmax(whole, rng);
       })},
       .drawn = "tests/nn/activations_test.cpp"},
  };
}

}  // namespace

std::vector<Composition> activation_compositions() {
  std::vector<Composition> all = smooth();
  for (auto* part : {piecewise, of_axes})
    for (Composition& row : part()) all.push_back(std::move(row));
  return all;
}

}  // namespace xgrad::catalogue
