#include "optim/unroll.hpp"

#include <catch2/catch.hpp>

#include "autograd/check/matcher.hpp"
#include "tests/optim/problems.hpp"

namespace unroll_test {

using namespace xgrad;
using namespace xgrad::optim;

namespace {

Problem valley() {
  return {{f64({-1.2, 1.0})}, [](const Tensors& x) { return rosenbrock(x[0]); }};
}

}  // namespace

TEST_CASE("the hypergradient of the rate of gradient descent is that of the closed form") {
  Parameter rate{f64(0.1)};
  const Problem parabola{{f64(1.0)}, [](const Tensors& x) { return 0.5 * square(x[0]); }};
  const auto final_loss = unroll(parabola, sgd(rate), 5);  // (1 - rate)^10 / 2
  CHECK(final_loss.item() == Approx(std::pow(0.9, 10) / 2));
  CHECK(grad(final_loss, rate).item() == Approx(-5 * std::pow(0.9, 9)));
}

TEST_CASE("a hypergradient through five steps of Adam, as in the README") {
  Parameter rate{f64(0.1)};
  const Tensor hypergradient = grad(unroll(valley(), adam(rate), 5), rate);
  const double h = 1e-5;
  const double above = unroll(valley(), adam(0.1 + h), 5).item(), below = unroll(valley(), adam(0.1 - h), 5).item();
  CHECK(hypergradient.item() == Approx((above - below) / (2 * h)).epsilon(1e-6));
}

TEST_CASE("unrolling gives the same numbers as an Optimizer, and all losses on the way") {
  const Unrolled run = unroll_all(valley(), adam(0.02), 6);
  Parameter x(valley().initial[0]);
  Optimizer optimizer({x}, adam(0.02));
  for (std::size_t step = 0; step < 6; ++step) {
    const Tensor loss = rosenbrock(x);
    CHECK(run.losses[step].item() == Approx(loss.item()));
    optimizer.step({grad(loss, x)});
  }
  CHECK_THAT(run.parameters[0], AllClose(x, 1e-13));
  CHECK(run.loss.item() == Approx(rosenbrock(x).item()));
}

TEST_CASE("derivatives flow through a plain training loop inside DifferentiableUpdates") {
  Parameter rate(f64(0.1)), x(f64({0.7, -0.4}));
  const auto loss_of = [](const Tensor& at) { return sum(exp(at) + square(at)); };
  const Problem problem{{x}, [&](const Tensors& at) { return loss_of(at[0]); }};
  const Tensor expected = grad(unroll(problem, adam(rate, {.weight_decay = 0.1}), 4), rate);
  Tensor final_loss;
  {
    const DifferentiableUpdates keep;
    Optimizer optimizer({x}, adam(rate, {.weight_decay = 0.1}));
    for (int step = 0; step < 4; ++step) optimizer.step({grad(loss_of(x), x)});
    final_loss = loss_of(x);
  }
  CHECK_THAT(grad(final_loss, rate), AllClose(expected));
}

TEST_CASE("unrolling no steps gives the initial loss; nonsense is refused") {
  CHECK(unroll(valley(), sgd(0.1), 0).item() == rosenbrock(valley().initial[0]).item());
  CHECK_THROWS_AS(unroll(valley(), sgd(0.1), -1), ValueError);
  CHECK_THROWS_AS(unroll({{}, valley().loss}, sgd(0.1), 1), ValueError);
  CHECK_THROWS_AS(unroll({valley().initial, {}}, sgd(0.1), 1), ValueError);
}

}  // namespace unroll_test
