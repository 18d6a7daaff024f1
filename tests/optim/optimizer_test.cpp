#include "optim/optimizer.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "tests/optim/problems.hpp"

namespace optimizer_test {

using namespace xgrad;
using namespace xgrad::optim;

namespace {

struct Candidate {
  const char* name;
  Transformation rule;
};

std::vector<Candidate> candidates() {
  return {{"sgd", sgd(0.1)},
          {"momentum", sgd(0.02, {.momentum = 0.9})},
          {"nesterov", sgd(0.02, {.momentum = 0.9, .nesterov = true})},
          {"adagrad", adagrad(0.5)},
          {"adadelta", adadelta(1)},
          {"rmsprop", rmsprop(0.01)},
          {"rmsprop centered", rmsprop(0.003, {.momentum = 0.5, .centered = true})},
          {"adam", adam(0.05)},
          {"amsgrad", adam(0.05, {.amsgrad = true})},
          {"adamw", adamw(0.05, {.weight_decay = 1e-4})},
          {"adamax", adamax(0.05)},
          {"nadam", nadam(0.05)},
          {"radam", radam(0.05)},
          {"clipped", chain(clip_by_global_norm(1), sgd(0.1))}};
}

double minimise(const Transformation& rule, const std::function<Tensor(const Tensor&)>& f, const Tensor& start,
                int steps) {
  Parameter x(start);
  Optimizer optimizer({x}, rule);
  for (int step = 0; step < steps; ++step) {
    const Tensor loss = f(x);
    optimizer.step({grad(loss, x)});
  }
  return f(x).item();
}

}  // namespace

TEST_CASE("every optimiser reaches the minimum of the sphere") {
  for (const auto& [name, rule] : candidates()) {
    INFO(name);
    CHECK(minimise(
              rule, [](const Tensor& x) { return sum(square(x)); }, f64({1.0, -2.0, 0.5}), 600) < 1e-3);
  }
}

TEST_CASE("optimisers descend the valley of Rosenbrock's function") {
  const Tensor start = f64({-1.2, 1.0});
  CHECK(minimise(adam(0.03), rosenbrock, start, 2500) < 1e-3);
  CHECK(minimise(adam(cosine_decay(0.05, 2500)), rosenbrock, start, 2500) < 1e-3);
  CHECK(minimise(sgd(0.0005, {.momentum = 0.95}), rosenbrock, start, 2500) < 1e-3);
  CHECK(minimise(adagrad(0.5), rosenbrock, start, 2500) < 1e-1);
  CHECK(minimise(nadam(0.03), rosenbrock, start, 2500) < 1e-3);
}

TEST_CASE("a step with accumulated gradients equals one with given gradients") {
  Parameter a(f64({1.0, 2.0})), b(f64({1.0, 2.0}));
  Optimizer with(std::vector<Parameter>{a}, adam(0.1)), given(std::vector<Parameter>{b}, adam(0.1));
  for (int step = 0; step < 3; ++step) {
    with.zero_gradients();
    backward(sum(exp(a)));
    with.step();
    given.step({grad(sum(exp(b)), b)});
  }
  CHECK(a.value().to_vector() == b.value().to_vector());
  CHECK(with.steps() == 3);
}

TEST_CASE("rates of the other floating dtype, Parameters and schedules serve float32 parameters") {
  Parameter x(ones({2})), rate(f64(0.1));
  Optimizer optimizer({x}, adam(rate, {.beta1 = f64(0.9)}));
  optimizer.step({ones({2})});
  CHECK(x.dtype() == float32);
  CHECK(x.value().to_vector()[0] == Approx(0.9));
  rate.assign(f64(0.2));  // read at every step
  optimizer.step({ones({2})});
  CHECK(x.value().to_vector()[0] == Approx(0.7));
  CHECK(!x.gradient().defined());
}

TEST_CASE("frozen parameters are left alone") {
  Parameter a(ones({2})), b(ones({2}));
  Optimizer optimizer({a, b}, adam(0.1));
  b.set_trainable(false);
  optimizer.step({ones({2}), Tensor()});
  CHECK(a.value().to_vector()[0] == Approx(0.9));
  CHECK(b.value().to_vector() == std::vector<double>{1, 1});
}

TEST_CASE("a saved state goes on exactly where it was") {
  for (const auto& [name, rule] : candidates()) {
    INFO(name);
    const auto f = [](const Parameter& x) { return sum(cos(x) * f64({1.0, 0.5, -1.0})); };
    Parameter x(f64({0.3, 1.0, -0.5}));
    Optimizer optimizer({x}, rule);
    for (int step = 0; step < 4; ++step) optimizer.step({grad(f(x), x)});
    Parameter resumed = x.clone();
    Optimizer other({resumed}, rule);
    other.load_state(optimizer.state());
    for (int step = 0; step < 4; ++step) {
      optimizer.step({grad(f(x), x)});
      other.step({grad(f(resumed), resumed)});
    }
    CHECK(resumed.value().to_vector() == x.value().to_vector());
    CHECK(other.steps() == 8);
  }
}

TEST_CASE("the state has PyTorch's names; one of another optimiser is refused with all differences") {
  Parameter a(ones({2})), b(ones({3}));
  Optimizer optimizer({a, b}, adam(0.1));
  std::vector<std::string> names;
  for (const auto& item : optimizer.state()) names.push_back(item.name);
  CHECK(names == std::vector<std::string>{"step", "0.exp_avg", "0.exp_avg_sq", "1.exp_avg", "1.exp_avg_sq",
                                          "taken_steps", "skipped_steps", "rule", "parameters"});
  const Optimizer swapped(std::vector<Parameter>{b, a}, adam(0.1));
  CHECK_THROWS_WITH(optimizer.load_state(swapped.state()), Catch::Contains("4 differences"));
  const Optimizer another(std::vector<Parameter>{a, b}, adagrad(0.1));
  CHECK_THROWS_AS(optimizer.load_state(another.state()), FormatError);
  CHECK(optimizer.steps() == 0);
}

TEST_CASE("gradients that are not finite: propagated, refused or skipped") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor bad = f64({1.0, nan}), good = f64({1.0});
  Parameter a(f64({1.0, 1.0})), b(f64({1.0}));
  Optimizer({a, b}, sgd(0.1)).step({bad, good});
  CHECK(std::isnan(a.value().to_vector()[1]));
  CHECK(b.item() == Approx(0.9));

  a.assign(f64({1.0, 1.0}));
  Optimizer clipping({a, b}, chain(clip_by_global_norm(1), adam(0.1)));
  CHECK_THROWS_WITH(clipping.step({bad, good}),
                    Catch::Contains("the gradient for parameter 0, [2] f64, is not finite"));
  CHECK(a.value().to_vector() == std::vector<double>{1, 1});
  CHECK(clipping.steps() == 0);
  for (const auto& item : clipping.state())
    if (item.name != "rule" && item.name != "parameters")
      for (const double value : item.value.to_vector()) CHECK(value == 0);

  Optimizer skipping({a, b}, sgd(0.1), {.nonfinite = NonFinite::skip});
  skipping.step({bad, good});
  CHECK(skipping.skipped() == 1);
  CHECK(skipping.steps() == 0);
  CHECK(b.item() == Approx(0.9));
  skipping.step({a.value(), good});
  CHECK(b.item() == Approx(0.8));
}

TEST_CASE("an Optimizer refuses what it cannot work with, and then nothing has changed") {
  Parameter a(ones({2})), b(ones({3}));
  CHECK_THROWS_AS(Optimizer({}, sgd(0.1)), ValueError);
  CHECK_THROWS_AS(Optimizer({a, b, a}, sgd(0.1)), ValueError);
  CHECK_THROWS_AS(Optimizer({a, Parameter()}, sgd(0.1)), ValueError);
  Optimizer optimizer({a, b}, sgd(0.1));
  CHECK_THROWS_AS(optimizer.step(), GraphError);
  CHECK_THROWS_AS(optimizer.step({ones({2})}), ValueError);
  CHECK_THROWS_AS(optimizer.step({ones({2}), ones({2})}), ShapeError);
  CHECK_THROWS_AS(optimizer.step({ones({2}), ones({3}, float64)}), DTypeError);
  CHECK_THROWS_AS(optimizer.step({ones({2}), Tensor()}), GraphError);
  backward(sum(a));
  CHECK_THROWS_WITH(optimizer.step(), Catch::Contains("step: there is no gradient for parameter 1, [3] f32") &&
                                          Catch::Contains("optimizer_test.cpp:"));
  CHECK_THROWS_AS(a.assign(ones({3})), ShapeError);
  CHECK(a.value().to_vector() == std::vector<double>{1, 1});
  CHECK(optimizer.steps() == 0);
}

}  // namespace optimizer_test
