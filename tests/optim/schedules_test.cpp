#include "optim/schedules.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/check/matcher.hpp"
#include "tests/optim/problems.hpp"

namespace schedules_test {

using namespace xgrad;
using namespace xgrad::optim;

namespace {

void check_table(const Schedule& schedule, const std::vector<double>& expected, double tolerance = 1e-12) {
  for (std::size_t step = 0; step < expected.size(); ++step) {
    INFO("step " << step);
    CHECK(schedule(static_cast<std::int64_t>(step)).item() == Approx(expected[step]).margin(tolerance));
  }
}

/// The sum of the schedule's first values, each with a weight of its own, as a function of its knobs.
using MakeSchedule = std::function<Schedule(const Tensors&)>;
void check_knobs(const MakeSchedule& make, const std::vector<double>& values) {
  const auto total = [&](const Tensors& knobs) {
    Tensor result = zeros({}, float64);
    for (std::int64_t step = 0; step < 12; ++step)
      result = result + std::cos(static_cast<double>(step)) * make(knobs)(step).tensor(float64);
    return result;
  };
  Tensors knobs;
  for (const double value : values) knobs.push_back(f64(value));
  CHECK_THAT(total, DifferentiatesCorrectly(knobs).order(2));
  // and through an optimiser
  Tensors inputs = inputs_with(values);
  CHECK_THAT(final_loss([&](const Tensors& h) { return sgd(make(h)); }, 5), DifferentiatesCorrectly(inputs));
}

}  // namespace

TEST_CASE("schedules have their golden values") {
  check_table(constant(0.3), {0.3, 0.3, 0.3});
  check_table(step_decay(1, 2), {1, 1, 0.1, 0.1, 0.01});
  check_table(multi_step_decay(1, {1, 3, 4}, 0.5), {1, 0.5, 0.5, 0.25, 0.125, 0.125});
  check_table(exponential_decay(1, 0.5), {1, 0.5, 0.25, 0.125});
  check_table(exponential_decay(1, 0.25, {.steps = 2}), {1, 0.5, 0.25, 0.125});
  check_table(exponential_decay(1, 0.25, {.steps = 2, .staircase = true}), {1, 1, 0.25, 0.25});
  check_table(inverse_time_decay(1, 0.5), {1, 1 / 1.5, 0.5, 0.4});
  check_table(polynomial_decay(1, 4, {.power = 2}), {1, 0.5625, 0.25, 0.0625, 0, 0});
  check_table(polynomial_decay(1, 4, {.end = 0.2}), {1, 0.8, 0.6, 0.4, 0.2, 0.2});
  check_table(linear_warmup(1, 4), {0, 0.25, 0.5, 0.75, 1, 1});
  check_table(linear(1), {1 / 3.0, 1.4 / 3, 1.8 / 3, 2.2 / 3, 2.6 / 3, 1, 1});
  check_table(cosine_decay(1, 4, {.end = 0.1}), {1, 0.868198, 0.55, 0.231802, 0.1, 0.1}, 1e-6);
  check_table(cosine_decay(1, 4, {.end = 0.1, .rises_again = true}), {1, 0.868198, 0.55, 0.231802, 0.1, 0.231802},
              1e-6);
  check_table(cosine_restarts(1, 2, {.growth = 2}), {1, 0.5, 1, 0.853553, 0.5, 0.146447, 1}, 1e-6);
  check_table(cosine_restarts(1, 2), {1, 0.5, 1, 0.5, 1});
  check_table(one_cycle(1, 8), {0.04, 0.819275, 0.971942, 0.811746, 0.555984, 0.283061, 0.076642, 4e-6, 4e-6}, 1e-6);
  check_table(scaled(2, Schedule([](std::int64_t step) { return 1.0 / static_cast<double>(step + 1); })),
              {2, 1, 2 / 3.0});
  check_table(join({linear_warmup(1, 2), constant(1), exponential_decay(1, 0.5)}, {2, 3}), {0, 0.5, 1, 1, 0.5, 0.25});
}

TEST_CASE("a schedule's number may be a schedule") {
  check_table(exponential_decay(linear_warmup(1, 2), 0.5), {0, 0.25, 0.25, 0.125});
}

TEST_CASE("one cycle without a rise starts at its peak") { check_table(one_cycle(1, 3, {.warmup = 0}), {1}); }

TEST_CASE("derivatives flow to every knob of every schedule, and through an optimiser that follows it") {
  check_knobs([](const Tensors& h) { return constant(h[0]); }, {0.1});
  check_knobs([](const Tensors& h) { return step_decay(h[0], 3, h[1]); }, {0.1, 0.6});
  check_knobs([](const Tensors& h) { return multi_step_decay(h[0], {1, 3, 8}, h[1]); }, {0.1, 0.6});
  check_knobs([](const Tensors& h) { return exponential_decay(h[0], h[1], {.steps = 3}); }, {0.1, 0.6});
  check_knobs([](const Tensors& h) { return inverse_time_decay(h[0], h[1]); }, {0.1, 0.6});
  check_knobs([](const Tensors& h) { return polynomial_decay(h[0], 9, {.power = h[1], .end = h[2]}); },
              {0.1, 1.6, 0.02});
  check_knobs([](const Tensors& h) { return linear_warmup(h[0], 4, h[1]); }, {0.1, 0.02});
  check_knobs([](const Tensors& h) { return linear(h[0], {.start_factor = h[1], .end_factor = h[2]}); },
              {0.1, 0.3, 0.9});
  check_knobs([](const Tensors& h) { return cosine_decay(h[0], 8, {.end = h[1]}); }, {0.1, 0.02});
  check_knobs([](const Tensors& h) { return cosine_restarts(h[0], 2, {.growth = 2, .end = h[1]}); }, {0.1, 0.02});
  check_knobs([](const Tensors& h) { return one_cycle(h[0], 10, {.divisor = h[1], .final_divisor = h[2]}); },
              {0.1, 5, 20});
  check_knobs(
      [](const Tensors& h) { return scaled(h[0], Schedule([k = h[1]](std::int64_t step) { return k * (step + 1); })); },
      {0.1, 0.3});
  check_knobs([](const Tensors& h) { return join({linear_warmup(h[0], 3), constant(h[1])}, {3}); }, {0.1, 0.05});
}

TEST_CASE("schedules refuse lengths that make no sense") {
  CHECK_THROWS_AS(step_decay(1, 0), ValueError);
  CHECK_THROWS_AS(multi_step_decay(1, {3, 3}), ValueError);
  CHECK_THROWS_AS(exponential_decay(1, 0.5, {.steps = -1}), ValueError);
  CHECK_THROWS_AS(inverse_time_decay(1, 0.5, {.steps = 0}), ValueError);
  CHECK_THROWS_AS(polynomial_decay(1, 0), ValueError);
  CHECK_THROWS_AS(linear_warmup(1, 0), ValueError);
  CHECK_THROWS_AS(linear(1, {.steps = 0}), ValueError);
  CHECK_THROWS_AS(cosine_decay(1, 0), ValueError);
  CHECK_THROWS_AS(cosine_restarts(1, 4, {.growth = 0}), ValueError);
  CHECK_THROWS_AS(one_cycle(1, 10, {.warmup = 1.5}), ValueError);
  CHECK_THROWS_AS(join({constant(1)}, {3}), ValueError);
  CHECK_THROWS_AS(join({constant(1), constant(2), constant(3)}, {3, 2}), ValueError);
}

}  // namespace schedules_test
