#include "optim/adam.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "autograd/check/matcher.hpp"
#include "tests/optim/problems.hpp"

namespace adam_test {

using namespace xgrad;
using namespace xgrad::optim;

TEST_CASE("Adam and its relatives have their golden values") {
  const std::vector<std::pair<Transformation, double>> golden{
      {adam(0.1), 0.701586274504415},
      {adam(0.1, {.weight_decay = 0.01}), 0.7015862744735559},
      {adam(0.1, {.amsgrad = true}), 0.701586274504415},
      {adamw(0.1, {.weight_decay = 0.01}), 0.6989111847156934},
      {adamax(0.1), 0.7154994747368055},
      {nadam(0.1), 0.7527292676155415},
      {radam(0.1), 0.7157700524373665},
  };
  for (const auto& [rule, x] : golden) {
    CHECK(after_steps(rule, 3) == Approx(x).epsilon(1e-14));
    CHECK(after_optimizer_steps(rule, 3) == Approx(x).epsilon(1e-14));
  }
}

TEST_CASE("Adam agrees with its recursion in long double for 1000 steps") {
  long double x = 1, m = 0, v = 0, power1 = 1, power2 = 1;
  for (int step = 0; step < 1000; ++step) {
    m = 0.9L * m + 0.1L * x;
    v = 0.999L * v + 0.001L * x * x;
    power1 *= 0.9L, power2 *= 0.999L;
    x -= 0.01L * m / (1 - power1) / (std::sqrt(v / (1 - power2)) + 1e-8L);
  }
  CHECK(after_optimizer_steps(adam(0.01), 1000) == Approx(static_cast<double>(x)).margin(1e-12));
}

TEST_CASE("hypergradients through Adam and its relatives reach every hyperparameter and the initial weights") {
  const auto check = [](const MakeRule& make, const std::vector<double>& values) {
    CHECK_THAT(final_loss(make), DifferentiatesCorrectly(inputs_with(values)));
  };
  check(
      [](const Tensors& h) {
        return adam(h[0], {.beta1 = h[1], .beta2 = h[2], .eps = h[3], .eps_root = h[4], .weight_decay = h[5]});
      },
      {0.1, 0.8, 0.95, 0.02, 0.01, 0.05});
  check([](const Tensors& h) { return adam(h[0], {.beta1 = h[1], .beta2 = h[2], .eps = h[3], .amsgrad = true}); },
        {0.1, 0.8, 0.5, 0.02});
  check(
      [](const Tensors& h) {
        return adamw(h[0], {.beta1 = h[1], .beta2 = h[2], .eps = h[3], .eps_root = h[4], .weight_decay = h[5]});
      },
      {0.1, 0.8, 0.95, 0.02, 0.01, 0.3});
  check(
      [](const Tensors& h) { return adamax(h[0], {.beta1 = h[1], .beta2 = h[2], .eps = h[3], .weight_decay = h[4]}); },
      {0.1, 0.8, 0.9, 0.02, 0.05});
  check(
      [](const Tensors& h) {
        return nadam(h[0], {.beta1 = h[1],
                            .beta2 = h[2],
                            .eps = h[3],
                            .eps_root = h[4],
                            .weight_decay = h[5],
                            .momentum_decay = h[6]});
      },
      {0.1, 0.8, 0.95, 0.02, 0.01, 0.05, 0.3});
  const MakeRule rectified = [](const Tensors& h) {
    return radam(h[0], {.beta1 = h[1], .beta2 = h[2], .eps = h[3], .eps_root = h[4], .weight_decay = h[5]});
  };
  CHECK_THAT(final_loss(rectified, 7), DifferentiatesCorrectly(inputs_with({0.1, 0.8, 0.95, 0.02, 0.01, 0.05})));
}

TEST_CASE("with eps_root, hypergradients of Adam are finite where a gradient is 0") {
  const auto hypergradient = [](double eps_root) {
    Parameter rate(f64(0.1));
    const Problem flat{{f64({0.0, 1.0})}, [](const Tensors& x) { return sum(square(x[0])); }};
    const Tensors start{track(flat.initial[0])};
    const Tensor loss = unroll({start, flat.loss}, adam(rate, {.eps_root = eps_root}), 3);
    return grad(loss, start[0]).to_vector();
  };
  CHECK(std::isfinite(hypergradient(1e-8)[0]));
  CHECK(std::isfinite(hypergradient(1e-8)[1]));
}

TEST_CASE("Adam refuses hyperparameters that make no sense") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double rate : {-0.1, nan, std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_AS(adam(rate), ValueError);
    CHECK_THROWS_AS(adamw(rate), ValueError);
  }
  for (const double beta : {1.0, -0.1, nan}) {
    CHECK_THROWS_AS(adam(0.1, {.beta1 = beta}), ValueError);
    CHECK_THROWS_AS(nadam(0.1, {.beta2 = beta}), ValueError);
  }
  CHECK_THROWS_AS(adam(0.1, {.eps = 0}), ValueError);
  CHECK_THROWS_AS(radam(0.1, {.eps = -1}), ValueError);
  CHECK_THROWS_AS(adam(0.1, {.weight_decay = -1}), ValueError);
  CHECK_THROWS_AS(adam(Parameter(f64(-0.1))), ValueError);
  CHECK_THROWS_WITH(adam(0.1, {.beta1 = 1}),
                    Catch::Contains("adam: beta1 = 1 is not in [0, 1)") && Catch::Contains("adam_test.cpp:"));
}

}  // namespace adam_test
