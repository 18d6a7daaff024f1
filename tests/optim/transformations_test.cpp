#include "optim/transformations.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "autograd/check/matcher.hpp"
#include "tests/optim/problems.hpp"
#include "tests/throws.hpp"

namespace transformations_test {

using namespace xgrad;
using namespace xgrad::optim;

namespace {

/// What a rule without history makes of two gradients.
Tensors transform(const Transformation& rule, const Tensors& gradients) {
  std::vector<Tensors> state;
  for (const Tensor& gradient : gradients) state.push_back(rule.init(gradient));
  return rule.update(gradients, state, gradients, 0).updates;
}

}  // namespace

TEST_CASE("scaling, normalising and clipping do what they say") {
  const Tensors g{f64({3.0, 0.0}), f64({-4.0})};
  CHECK(transform(scale(2), g)[1].item() == -8);
  CHECK(transform(scale_by_schedule([](std::int64_t step) { return 3 + step; }), g)[1].item() == -12);
  CHECK(transform(descend(0.5), g)[1].item() == 2);
  CHECK_THAT(transform(normalise(10), g)[0], AllClose(f64({6.0, 0.0})));
  CHECK(transform(normalise(), {zeros({2}, float64)})[0].to_vector() == std::vector<double>{0, 0});
  CHECK(transform(clip_by_value(3.5), g)[1].item() == -3.5);
  CHECK_THAT(transform(clip_by_global_norm(1), g)[0], AllClose(f64({3 / (5 + 1e-6), 0.0})));
  CHECK(transform(clip_by_global_norm(100), g)[0].to_vector() == std::vector<double>{3, 0});
  CHECK_THAT(transform(clip_by_global_norm(1, 1), g)[1], AllClose(f64({-4 / (7 + 1e-6)})));
  const Clipped clipped = clip_gradients(g, 1);
  CHECK(clipped.norm.item() == 5);
  CHECK_THAT(clipped.gradients[1], AllClose(f64({-4 / (5 + 1e-6)})));
}

TEST_CASE("clipping gradients that are not finite is an error that names the gradient") {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor good = f64({3.0, 4.0}), large = full({2}, 5e307, float64);
  throws<ValueError>("clip_gradients: gradient 1, [2] f64, is not finite").by([&] {
    clip_gradients({good, f64({1.0, nan})}, 1);
  });
  throws<ValueError>("clip_gradients: gradient 0, [1] f64, is not finite").by([&] {
    clip_gradients({f64({-inf}), good}, 1);
  });
  throws<ValueError>("clip_gradients: gradient 2, [1] f32, is not finite").by([&] {
    clip_gradients({good, good, tensor({NAN})}, 1, inf);
  });
  throws<ValueError>("clip_gradients: the norm of the gradients is inf").by([&] {
    clip_gradients({large, large}, 1, 1);
  });
  CHECK(clip_gradients({large, large}, 1).norm.item() == Approx(1e308).epsilon(1e-12));
  const DifferentiableUpdates unchecked;
  CHECK(std::isnan(clip_gradients({f64({nan})}, 1).norm.item()));
}

TEST_CASE("weight decay is coupled before a rule and decoupled after it") {
  CHECK(after_steps(chain(weight_decay(0.5), scale(-0.1)), 1) == Approx(1 - 0.15));
  CHECK(after_steps(chain(sgd(1, {.momentum = 0.9}), scale(0.1)), 2) == Approx(0.9 - 0.1 * (0.9 + 0.9)));
  CHECK(after_steps(chain(normalise(), weight_decay(0.5), descend(0.1)), 1) == Approx(1 - 0.15));
}

TEST_CASE("hypergradients through the parts of chains") {
  const auto f = final_loss([](const Tensors& h) {
    return chain(clip_by_global_norm(h[0]), weight_decay(h[1]), nesterov(h[2]), normalise(h[3]), descend(h[4]));
  });
  CHECK_THAT(f, DifferentiatesCorrectly(inputs_with({0.8, 0.1, 0.7, 1.3, 0.1})));
  const auto limited = final_loss(
      [](const Tensors& h) { return chain(clip_by_value(0.5), momentum(h[0], {.dampening = h[1]}), scale(h[2])); });
  CHECK_THAT(limited, DifferentiatesCorrectly(inputs_with({0.8, 0.2, -0.1})));
}

TEST_CASE("the parts of chains refuse what makes no sense") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(clip_by_global_norm(0), ValueError);
  CHECK_THROWS_AS(clip_by_global_norm(nan), ValueError);
  CHECK_THROWS_AS(clip_by_global_norm(1, 0), ValueError);
  CHECK_THROWS_AS(clip_gradients({ones({2})}, -1), ValueError);
  CHECK_THROWS_AS(clip_by_value(0), ValueError);
  CHECK_THROWS_AS(clip_by_value(nan), ValueError);
  CHECK_THROWS_AS(normalise(0), ValueError);
  CHECK_THROWS_AS(descend(-1), ValueError);
  CHECK_THROWS_AS(momentum(-1), ValueError);
  CHECK_THROWS_AS(momentum(0.9, {.dampening = nan}), ValueError);
  CHECK_THROWS_AS(scale(nan), ValueError);
  CHECK_THROWS_AS(scale(-std::numeric_limits<double>::infinity()), ValueError);
  CHECK_THROWS_AS(weight_decay(nan), ValueError);
}

}  // namespace transformations_test
