// What the first step of an Optimizer says of Parameters that nobody trains.

#include "optim/forgotten.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/written.hpp"

namespace forgotten_test {

using namespace xgrad;
using namespace xgrad::optim;

namespace {

struct Scaled : nn::Module {
  Parameter weight{tensor({1.0, 2.0})}, shift{tensor({0.0, 0.0})};
  bool shows_shift = true;
  Tensor operator()(const Tensor& x) const { return x * weight + shift; }
  void visit(nn::Visitor& visitor) override {
    visitor("weight", weight);
    if (shows_shift) visitor("shift", shift);
  }
};

const Tensor x = tensor({3.0, 4.0});
Tensor loss_of(const Scaled& model) { return sum(square(model(x))); }

std::string line(int number) { return "forgotten_test.cpp:" + std::to_string(number); }

}  // namespace

// The warning comes once for each line that makes a step: each test has its own.

TEST_CASE("a Parameter that visit forgot is told in the first step, in one line", "[forgotten]") {
  Scaled model;
  model.shows_shift = false;
  Optimizer optimizer(model.parameters(), sgd(0.1));
  std::string told;
  for (int i = 0; i < 3; ++i)
    told += written([&] {
      const Tensor loss = sum(square(model(x)));
      optimizer.step(grad(loss, model.parameters()));
    });
  const std::string recorded = line(__LINE__ - 3), step = line(__LINE__ - 2);
  CHECK(told == "xgrad: step: the loss recorded at " + recorded + " depends on [2] f32, made at forgotten_test.cpp:21" +
                    ", which no Optimizer was given and no `visit` has shown, so that it is not trained; " +
                    "set_trainable(false) says that this is meant, at " + step + "\n");
}

TEST_CASE("Parameters that the Optimizer was not given are told by their names", "[forgotten]") {
  struct Both : nn::Module {
    Scaled first, second;
    void visit(nn::Visitor& visitor) override {
      visitor("first", first);
      visitor("second", second);
    }
  } model;
  CHECK(model.parameters().size() == 4);
  Optimizer optimizer(model.first.parameters(), sgd(0.1));
  const std::string told = written([&] {
    backward(loss_of(model.first) + loss_of(model.second));
    optimizer.step();
  });
  CHECK_THAT(told, Catch::Contains("depends on second.weight [2] f32, made at") &&
                       Catch::Contains("(and 1 more), which no Optimizer was given, so that"));
  CHECK(std::count(told.begin(), told.end(), '\n') == 1);
}

TEST_CASE("Parameters that are trained somehow are not told", "[forgotten]") {
  SECTION("all Parameters are trained") {
    Scaled model;
    Optimizer optimizer(model.parameters(), sgd(0.1));
    CHECK(written([&] { optimizer.step(grad(loss_of(model), model.parameters())); }).empty());
  }
  SECTION("two Optimizers share a loss, as in a GAN, though one has not made a step") {
    Scaled generator, critic;
    Optimizer one(generator.parameters(), sgd(0.1)), other(critic.parameters(), sgd(0.1));
    CHECK(written([&] {
            const Tensor loss = sum(critic(generator(x)));
            one.step(grad(loss, generator.parameters()));
            other.step(grad(-sum(critic(stop_gradient(generator(x)))), critic.parameters()));
          }).empty());
  }
  SECTION("the other one is updated by hand") {
    Scaled model;
    Optimizer optimizer({model.weight}, sgd(0.1));
    CHECK(written([&] {
            const std::vector<Tensor> gradients = grad(loss_of(model), model.parameters());
            optimizer.step({gradients[0]});
            model.shift.assign(model.shift - 0.1 * gradients[1]);
          }).empty());
  }
  SECTION("another derivative on the way depends on more") {
    Scaled model, other;
    Optimizer optimizer(model.parameters(), sgd(0.1));
    CHECK(written([&] {
            const std::vector<Tensor> gradients = grad(loss_of(model), model.parameters());
            grad(loss_of(other), other.weight);
            optimizer.step(gradients);
          }).empty());
  }
}

TEST_CASE("Parameters that are meant not to be trained are not told", "[forgotten]") {
  SECTION("the others are frozen") {
    Scaled model;
    model.shift.set_trainable(false);
    Optimizer optimizer({model.weight}, sgd(0.1));
    CHECK(written([&] { optimizer.step({grad(loss_of(model), model.weight)}); }).empty());
  }
  SECTION("the Optimizer was told not to look") {
    Scaled model;
    Optimizer optimizer({model.weight}, sgd(0.1), {.warn_of_forgotten = false});
    CHECK(written([&] { optimizer.step({grad(loss_of(model), model.weight)}); }).empty());
  }
  SECTION("updates are differentiable") {
    Scaled model;
    const DifferentiableUpdates updates;
    Optimizer optimizer({model.weight}, sgd(0.1));
    CHECK(written([&] { optimizer.step({grad(loss_of(model), model.weight)}); }).empty());
  }
}

TEST_CASE("gradients that were changed since are still known", "[forgotten]") {
  Scaled model;
  const Tensor scale = tensor(0.5);
  SECTION("by arithmetic") {
    Optimizer optimizer({model.weight}, sgd(0.1));
    CHECK_FALSE(written([&] { optimizer.step({scale * grad(loss_of(model), model.weight) + 1}); }).empty());
  }
  SECTION("by clipping, which evaluates them") {
    Optimizer optimizer({model.weight}, sgd(0.1));
    CHECK_FALSE(written([&] {
                  const auto clipped = clip_gradients({grad(loss_of(model), model.weight)}, 1);
                  optimizer.step(clipped.gradients);
                }).empty());
  }
}

}  // namespace forgotten_test
