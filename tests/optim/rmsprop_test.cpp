#include "optim/rmsprop.hpp"

#include <catch2/catch.hpp>

#include "autograd/check/matcher.hpp"
#include "tests/optim/problems.hpp"

namespace rmsprop_test {

using namespace xgrad;
using namespace xgrad::optim;

TEST_CASE("RMSprop has its golden values") {
  const std::vector<std::pair<Transformation, double>> golden{
      {rmsprop(0.01), 0.7799822819823541},
      {rmsprop(0.01, {.momentum = 0.9, .centered = true}), 0.5496501845770552},
  };
  for (const auto& [rule, x] : golden) {
    CHECK(after_steps(rule, 3) == Approx(x).epsilon(1e-14));
    CHECK(after_optimizer_steps(rule, 3) == Approx(x).epsilon(1e-14));
  }
}

TEST_CASE("hypergradients through RMSprop reach every hyperparameter and the initial weights") {
  for (const bool centered : {false, true}) {
    const auto f = final_loss([centered](const Tensors& h) {
      return rmsprop(
          h[0],
          {.decay = h[1], .eps = h[2], .eps_root = h[3], .momentum = h[4], .weight_decay = h[5], .centered = centered});
    });
    CHECK_THAT(f, DifferentiatesCorrectly(inputs_with({0.03, 0.9, 0.02, 0.01, 0.5, 0.05})));
  }
}

TEST_CASE("centered RMSprop stays finite when the gradient does not change") {
  Parameter x(ones({3}));
  Optimizer optimizer({x}, rmsprop(0.01, {.decay = 0.5, .centered = true}));
  for (int step = 0; step < 200; ++step) optimizer.step({full({3}, 0.3)});
  for (const double value : x.value().to_vector()) CHECK(std::isfinite(value));
}

TEST_CASE("RMSprop refuses hyperparameters that make no sense") {
  CHECK_THROWS_AS(rmsprop(-1), ValueError);
  CHECK_THROWS_AS(rmsprop(0.1, {.decay = 1}), ValueError);
  CHECK_THROWS_AS(rmsprop(0.1, {.eps = 0}), ValueError);
  CHECK_THROWS_AS(rmsprop(0.1, {.momentum = -1}), ValueError);
}

}  // namespace rmsprop_test
