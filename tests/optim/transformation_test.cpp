#include "optim/transformation.hpp"

#include <catch2/catch.hpp>

#include "tests/optim/problems.hpp"

namespace transformation_test {

using namespace xgrad;
using namespace xgrad::optim;

namespace {

/// The mean of all gradients so far.
struct Average {
  std::vector<std::string> slots{"sum"};
  Tensors init(const Tensor& parameter) const { return {zeros_like(parameter)}; }
  Step update(const Tensor& gradient, const Tensors& state, const Tensor&, std::int64_t step) const {
    const Tensor total = state[0] + gradient;
    return {total / (step + 1), {total}};
  }
};

}  // namespace

TEST_CASE("a rule of one's own is a lambda, a struct or two lambdas") {
  const Transformation sign_descent([](const Tensor& gradient) { return -0.25 * sign(gradient); });
  CHECK(after_optimizer_steps(sign_descent, 3) == 0.25);
  // 1; 1 - 0.1; 0.9 - 0.1 (1 + 0.9) / 2
  CHECK(after_optimizer_steps(chain(Average{}, scale(-0.1)), 2) == Approx(0.9 - 0.095));
  const Transformation constant_speed(
      {}, [](const Tensor&) { return Tensors{}; },
      [](const Tensor&, const Tensors&, const Tensor& parameter, std::int64_t) {
        return Step{-0.125 * ones_like(parameter), {}};
      });
  CHECK(after_optimizer_steps(constant_speed, 4) == 0.5);
}

TEST_CASE("the slots of a chain have names of their own") {
  const Transformation twice = chain(momentum(0.9), chain(momentum(0.5), descend(0.1)));
  CHECK(twice.slots() == std::vector<std::string>{"momentum_buffer", "momentum_buffer_2"});
  // v = 1, 0.9 v + g; u = v at first, 0.5 u + v
  CHECK(after_optimizer_steps(twice, 2) == Approx(0.9 - 0.1 * (0.5 + 1.8)));
}

TEST_CASE("a chain takes its rules one by one, or as a list") {
  const auto halve = [](const Tensor& gradient) { return gradient / 2; };
  std::vector<Transformation> rules{momentum(0.9), halve, descend(0.1)};
  const double expected = after_optimizer_steps(chain(rules), 2);
  // x = 1, v = 1, x = 0.95; v = 0.9 + 0.95
  CHECK(expected == Approx(1 - 0.05 - 0.05 * 1.85));
  CHECK(after_optimizer_steps(chain(momentum(0.9), halve, rules[2]), 2) == expected);
  CHECK(after_optimizer_steps(chain({momentum(0.9), halve, descend(0.1)}), 2) == expected);
  CHECK(after_optimizer_steps(chain(chain(rules)), 2) == expected);
}

TEST_CASE("an empty chain gives the gradient back") {
  CHECK(after_steps(chain(), 1) == 2);
  CHECK(after_steps(chain({}), 1) == 2);
}

TEST_CASE("what a rule makes is checked") {
  Parameter x(ones({2}));
  const auto step_with = [&](const Transformation& rule) { Optimizer({x}, rule).step({ones({2})}); };
  CHECK_THROWS_AS(step_with(Transformation([](const Tensor& gradient) { return sum(gradient); })), ShapeError);
  CHECK_THROWS_AS(step_with(Transformation([](const Tensor& gradient) { return cast(gradient, float64); })),
                  DTypeError);
  CHECK_THROWS_AS(step_with(Transformation([](const Tensor&) { return Tensor(); })), ValueError);
  CHECK_THROWS_AS(
      step_with(Transformation::together([](const Tensors&, const Tensors&, std::int64_t) { return Tensors{}; })),
      ValueError);
  CHECK(x.value().to_vector() == std::vector<double>{1, 1});
}

}  // namespace transformation_test
