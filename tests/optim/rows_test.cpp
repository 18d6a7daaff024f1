#include "optim/rows.hpp"

#include <catch2/catch.hpp>

#include "tests/optim/problems.hpp"
#include "tests/throws.hpp"

namespace xgrad::optim::rows_test {
namespace {

using Numbers = std::vector<double>;
Parameter table() { return Parameter(f64({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}})); }
const void* memory(const Parameter& parameter) { return parameter.value().data<double>().data(); }

TEST_CASE("a step moves the rows that are given, as the rule would a Parameter of them, and no others") {
  const std::vector<Transformation> rules{sgd(0.1, {.momentum = 0.9}), adam(0.1), adamw(0.1), adagrad(0.1),
                                          rmsprop(0.1)};
  for (const Transformation& rule : rules) {
    Parameter whole = table();
    RowOptimizer optimizer(whole, rule);
    Parameter part(f64({{5.0, 6.0}, {1.0, 2.0}}));
    Optimizer reference({part}, rule);
    const void* before = memory(whole);
    for (const double g : {1.0, -0.5, 2.0}) {
      const Tensor gradient = f64({{g, -g}, {0.5, 2 * g}});
      optimizer.step(tensor({2, 0}), gradient);
      reference.step({gradient});
    }
    CHECK(optimizer.steps() == 3);
    CHECK(memory(whole) == before);
    CHECK(whole.value()(2).to_vector() == part.value()(0).to_vector());
    CHECK(whole.value()(0).to_vector() == part.value()(1).to_vector());
    CHECK(whole.value()(1).to_vector() == Numbers{3, 4});
  }
}

TEST_CASE("the state of rows that take no part stays as it is, and goes on later") {
  Parameter whole = table();
  RowOptimizer optimizer(whole, sgd(1, {.momentum = 0.5}));
  const Tensor ones_row = f64({{1.0, 1.0}});
  optimizer.step(tensor({0}), ones_row);
  optimizer.step(tensor({1}), ones_row);
  CHECK(whole.value().to_vector() == Numbers{0, 1, 2, 3, 5, 6});
  optimizer.step(tensor({0}), ones_row);
  CHECK(whole.value().to_vector() == Numbers{-1.5, -0.5, 2, 3, 5, 6});
}

TEST_CASE("a copy of a RowOptimizer has a state of its own") {
  Parameter whole = table();
  RowOptimizer optimizer(whole, sgd(1, {.momentum = 0.5}));
  const Tensor ones_row = f64({{1.0, 1.0}});
  optimizer.step(tensor({0}), ones_row);
  RowOptimizer copy(optimizer), assigned(table(), sgd(1, {.momentum = 0.5}));
  assigned = optimizer;
  optimizer.step(tensor({0}), ones_row);
  CHECK(optimizer.state()[1].value.to_vector() == Numbers{1.5, 1.5, 0, 0, 0, 0});
  for (const RowOptimizer* each : {&copy, &assigned}) {
    CHECK(each->state()[1].value.to_vector() == Numbers{1, 1, 0, 0, 0, 0});
    CHECK(each->steps() == 1);
    CHECK(each->table() == whole);
  }
}

TEST_CASE("the state of a RowOptimizer is saved and loaded") {
  Parameter a = table(), b = table();
  RowOptimizer first(a, adam(0.1)), second(b, adam(0.1));
  const Tensor index = tensor({1}), gradient = f64({{1.0, 2.0}});
  first.step(index, gradient);
  const auto state = first.state();
  CHECK(state[0].name == "step");
  CHECK(state[1].name == "exp_avg");
  b.assign(a);
  second.load_state(state);
  first.step(index, 2 * gradient);
  second.step(index, 2 * gradient);
  CHECK(a.value().to_vector() == b.value().to_vector());
  CHECK(state[1].value.to_vector() == Numbers{0, 0, (1 - 0.9) * 1, (1 - 0.9) * 2, 0, 0});
  CHECK_THROWS_AS(second.load_state({}), FormatError);
}

TEST_CASE("a frozen table takes no steps, and what does not fit is an error that changes nothing") {
  Parameter whole = table();
  RowOptimizer optimizer(whole, adam(0.1));
  const Tensor row = f64({{1.0, 2.0}});
  throws<ValueError>("step: index 1 occurs twice").by([&] {
    optimizer.step(tensor({1, 0, 1}), zeros({3, 2}, float64));
  });
  CHECK_THROWS_AS(optimizer.step(tensor({3}), row), IndexError);
  CHECK_THROWS_AS(optimizer.step(tensor({1.0}), row), DTypeError);
  CHECK_THROWS_AS(optimizer.step(tensor({{1}}), row), ShapeError);
  CHECK_THROWS_AS(optimizer.step(tensor({1}), zeros({1, 2})), DTypeError);
  CHECK_THROWS_AS(optimizer.step(tensor({1}), zeros({2, 2}, float64)), ShapeError);
  CHECK_THROWS_AS(optimizer.step(tensor({1}), Tensor()), GraphError);
  CHECK_THROWS_AS(RowOptimizer(Parameter(f64(1.0)), adam(0.1)), ShapeError);
  optimizer.step(zeros({0}, int64), zeros({0, 2}, float64));
  whole.set_trainable(false);
  optimizer.step(tensor({1}), row);
  CHECK(optimizer.steps() == 0);
  CHECK(whole.value().to_vector() == Numbers{1, 2, 3, 4, 5, 6});
}

}  // namespace
}  // namespace xgrad::optim::rows_test
