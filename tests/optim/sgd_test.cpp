#include "optim/sgd.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "autograd/check/matcher.hpp"
#include "tests/optim/problems.hpp"

namespace sgd_test {

using namespace xgrad;
using namespace xgrad::optim;

TEST_CASE("gradient descent has its golden values") {
  const std::vector<std::pair<Transformation, double>> golden{
      {sgd(0.1), 0.7290000000000001},
      {sgd(0.1, {.momentum = 0.9}), 0.486},
      {sgd(0.1, {.momentum = 0.9, .dampening = 0.5}), 0.60525},
      {sgd(0.1, {.momentum = 0.9, .nesterov = true}), 0.327321},
      {sgd(0.1, {.momentum = 0.9, .weight_decay = 0.01}), 0.481324499},
  };
  for (const auto& [rule, x] : golden) {
    CHECK(after_steps(rule, 3) == Approx(x).epsilon(1e-14));
    CHECK(after_optimizer_steps(rule, 3) == Approx(x).epsilon(1e-14));
  }
}

TEST_CASE("gradient descent agrees with its closed form for 1000 steps") {
  CHECK(after_optimizer_steps(sgd(0.001), 1000) == Approx(std::pow(0.999, 1000)).epsilon(1e-12));
}

TEST_CASE("hypergradients through gradient descent reach every hyperparameter and the initial weights") {
  const auto f = final_loss(
      [](const Tensors& h) { return sgd(h[0], {.momentum = h[1], .dampening = h[2], .weight_decay = h[3]}); });
  CHECK_THAT(f, DifferentiatesCorrectly(inputs_with({0.1, 0.8, 0.2, 0.05})).order(2));
  const auto ahead = final_loss([](const Tensors& h) { return sgd(h[0], {.momentum = h[1], .nesterov = true}); });
  CHECK_THAT(ahead, DifferentiatesCorrectly(inputs_with({0.1, 0.8})).order(2));
}

TEST_CASE("gradient descent refuses hyperparameters that make no sense") {
  for (const double rate : {-0.1, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    CHECK_THROWS_AS(sgd(rate), ValueError);
  CHECK_THROWS_AS(sgd(0.1, {.momentum = -0.5}), ValueError);
  CHECK_THROWS_AS(sgd(0.1, {.nesterov = true}), ValueError);
  CHECK_THROWS_AS(sgd(0.1, {.momentum = 0.9, .dampening = 0.1, .nesterov = true}), ValueError);
  CHECK_THROWS_AS(sgd(tensor({0.1, 0.2})), ShapeError);
  CHECK_THROWS_AS(sgd(tensor(1)), DTypeError);
  CHECK_THROWS_AS(sgd(Tensor()), GraphError);
  CHECK_THROWS_AS(sgd(Parameter()), GraphError);
}

}  // namespace sgd_test
