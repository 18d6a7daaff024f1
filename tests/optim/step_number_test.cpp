// A Parameter that is frozen for some steps has taken none of them.

#include "optim/step_number.hpp"

#include <catch2/catch.hpp>

#include "data/safetensors.hpp"
#include "tests/data/files.hpp"
#include "tests/optim/problems.hpp"

namespace step_number_test {

using namespace xgrad;
using namespace xgrad::optim;

namespace {

struct Candidate {
  const char* name;
  Transformation rule;
};

/// Rules to which the number of the step matters.
std::vector<Candidate> candidates() {
  return {{"momentum", sgd(0.1, {.momentum = 0.9})},
          {"dampened", sgd(0.1, {.momentum = 0.9, .dampening = 0.5})},
          {"nesterov", sgd(0.1, {.momentum = 0.9, .nesterov = true})},
          {"adagrad", adagrad(0.1, {.lr_decay = 0.5})},
          {"rmsprop", rmsprop(0.1, {.momentum = 0.9})},
          {"adam", adam(0.1)},
          {"amsgrad", adam(0.1, {.amsgrad = true})},
          {"adamw", adamw(0.1)},
          {"adamax", adamax(0.1)},
          {"nadam", nadam(0.1)},
          {"radam", radam(0.1)}};
}

/// b is frozen for the first steps, then the same gradients as for a come.
struct LateStart {
  Parameter a{f64({1.0, -2.0})}, b = a.clone();
  Optimizer optimizer;

  explicit LateStart(const Transformation& rule, std::int64_t frozen = 5) : optimizer({a, b}, rule) {
    b.set_trainable(false);
    for (std::int64_t step = 0; step < frozen; ++step) optimizer.step({f64({1.0, 1.0}), Tensor()});
    b.set_trainable(true);
  }
  void step(double gradient) { optimizer.step({f64({0.0, 0.0}), f64({gradient, -2 * gradient})}); }
};

std::vector<double> values(const Parameter& parameter) { return parameter.value().to_vector(); }

}  // namespace

TEST_CASE("the first step of Adam moves by the rate, also after steps in which the parameter was frozen") {
  LateStart late(adam(0.1));
  late.step(1);
  CHECK(values(late.b)[0] == Approx(0.9).epsilon(1e-7));
  CHECK(values(late.b)[1] == Approx(-1.9).epsilon(1e-7));
}

TEST_CASE("the first step of momentum takes the gradient as it is, whenever it comes") {
  LateStart late(sgd(0.1, {.momentum = 0.9, .dampening = 0.5}));
  late.step(1);
  CHECK(values(late.b)[0] == Approx(0.9).epsilon(1e-14));
}

TEST_CASE("a parameter that was frozen first goes the way of one that starts then, bit for bit") {
  for (const auto& [name, rule] : candidates()) {
    INFO(name);
    LateStart late(rule);
    Parameter fresh(f64({1.0, -2.0}));
    Optimizer other({fresh}, rule);
    for (int step = 0; step < 4; ++step) {
      late.step(1 + step);
      other.step({f64({1.0 + step, -2 * (1.0 + step)})});
    }
    CHECK(values(late.b) == values(fresh));
    CHECK(values(late.a) != values(late.b));
  }
}

TEST_CASE("schedules go by the steps of the Optimizer") {
  const auto rate = [](std::int64_t step) { return 0.25 * static_cast<double>(step); };
  for (const Transformation& rule : {sgd(Schedule(rate)), sgd(Schedule(rate), {.momentum = 0.5}),
                                     adagrad(Schedule(rate), {.lr_decay = 0.5, .initial_accumulator = 3})}) {
    LateStart late(rule, 4);
    late.step(1);
    const double expected = rule.slots().empty() || rule.slots()[0] == "momentum_buffer" ? 0 : 0.5;
    CHECK(values(late.b)[0] == Approx(expected));
  }
}

TEST_CASE("a rule of one's own is told both numbers") {
  std::vector<std::pair<std::int64_t, std::int64_t>> seen;
  const Transformation rule(
      {}, [](const Tensor&) { return Tensors{}; },
      [&](const Tensor& gradient, const Tensors&, const Tensor&, const StepNumber& step) {
        seen.emplace_back(step, step.of_optimizer());
        return Step{-0.1 * gradient, {}};
      });
  LateStart late(rule, 2);
  late.step(1);
  CHECK(seen == std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 0}, {1, 1}, {2, 2}, {0, 2}});
}

TEST_CASE("the steps of each parameter are saved and loaded") {
  const test::Directory directory;
  const std::string path = directory / "optimizer.safetensors";
  for (const auto& [name, rule] : candidates()) {
    INFO(name);
    LateStart late(rule), resumed(rule, 0);
    late.step(1);
    data::save(path, late.optimizer);
    resumed.a.assign(late.a);
    resumed.b.assign(late.b);
    data::load(path, resumed.optimizer);
    for (int step = 0; step < 3; ++step) {
      late.step(2);
      resumed.step(2);
    }
    CHECK(values(resumed.b) == values(late.b));
    CHECK(values(resumed.a) == values(late.a));
  }
}

TEST_CASE("a state that was saved without the steps of each parameter counts all of them") {
  Parameter a(f64({1.0})), b(f64({1.0}));
  Optimizer optimizer({a}, adam(0.1)), other({b}, adam(0.1));
  for (int step = 0; step < 3; ++step) optimizer.step({f64({1.0})});
  std::vector<NamedTensor> state = optimizer.state();
  CHECK(std::erase_if(state, [](const NamedTensor& each) { return each.name == "taken_steps"; }) == 1);
  other.load_state(state);
  b.assign(a);
  optimizer.step({f64({2.0})});
  other.step({f64({2.0})});
  CHECK(values(a) == values(b));
}

TEST_CASE("numbers of steps that cannot be are refused") {
  Parameter a(f64({1.0}));
  Optimizer optimizer({a}, adam(0.1));
  for (const std::int64_t taken : {-1, 1}) {
    std::vector<NamedTensor> state = optimizer.state();
    state.back().value = tensor(std::vector{taken});
    CHECK_THROWS_AS(optimizer.load_state(state), FormatError);
  }
  std::vector<NamedTensor> state = optimizer.state();
  state.back().value = tensor({0, 0});
  CHECK_THROWS_AS(optimizer.load_state(state), FormatError);
}

}  // namespace step_number_test
