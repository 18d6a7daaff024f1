#include "optim/adagrad.hpp"

#include <catch2/catch.hpp>

#include "autograd/check/matcher.hpp"
#include "tests/optim/problems.hpp"

namespace adagrad_test {

using namespace xgrad;
using namespace xgrad::optim;

TEST_CASE("Adagrad and Adadelta have their golden values") {
  const std::vector<std::pair<Transformation, double>> golden{
      {adagrad(0.1), 0.7804561813655163},
      {adagrad(0.1, {.lr_decay = 0.01, .initial_accumulator = 0.1}), 0.7891470229363838},
      {adadelta(), 0.9903090828008376},
  };
  for (const auto& [rule, x] : golden) {
    CHECK(after_steps(rule, 3) == Approx(x).epsilon(1e-14));
    CHECK(after_optimizer_steps(rule, 3) == Approx(x).epsilon(1e-14));
  }
}

TEST_CASE("hypergradients through Adagrad and Adadelta reach every hyperparameter and the initial weights") {
  const auto f = final_loss([](const Tensors& h) {
    return adagrad(
        h[0], {.lr_decay = h[1], .eps = h[2], .eps_root = h[3], .initial_accumulator = h[4], .weight_decay = h[5]});
  });
  CHECK_THAT(f, DifferentiatesCorrectly(inputs_with({0.1, 0.3, 0.02, 0.01, 0.2, 0.05})));
  const auto delta =
      final_loss([](const Tensors& h) { return adadelta(h[0], {.rho = h[1], .eps = h[2], .weight_decay = h[3]}); });
  CHECK_THAT(delta, DifferentiatesCorrectly(inputs_with({1.0, 0.8, 0.05, 0.1})));
}

TEST_CASE("Adagrad and Adadelta refuse hyperparameters that make no sense") {
  CHECK_THROWS_AS(adagrad(-1), ValueError);
  CHECK_THROWS_AS(adagrad(0.1, {.lr_decay = -1}), ValueError);
  CHECK_THROWS_AS(adagrad(0.1, {.eps = 0}), ValueError);
  CHECK_THROWS_AS(adagrad(0.1, {.initial_accumulator = -1}), ValueError);
  CHECK_THROWS_AS(adadelta(1, {.rho = 1}), ValueError);
  CHECK_THROWS_AS(adadelta(1, {.eps = 0}), ValueError);
}

}  // namespace adagrad_test
