#include "optim/groups.hpp"

#include <catch2/catch.hpp>

#include "tests/optim/problems.hpp"
#include "tests/throws.hpp"

namespace xgrad::optim::groups_test {
namespace {

using Numbers = std::vector<double>;

struct Model {
  Parameter weight{f64({1.0, -2.0})}, bias{f64({0.5})}, other{f64({3.0})};
  std::vector<NamedParameter> named() const {
    return {{"hidden.weight", weight}, {"hidden.bias", bias}, {"output.weight", other}};
  }
  Tensors values() const { return {weight, bias, other}; }
};

const Tensors gradients{f64({0.5, 1.0}), f64({-1.0}), f64({2.0})};

TEST_CASE("groups have rates and decays of their own, with every rule") {
  // Each Parameter moves as it would under a rule with these numbers, alone.
  struct Rule {
    const char* name;
    std::function<Transformation(const Hyperparameter& rate, const Hyperparameter& decay)> make;
  };
  const std::vector<Rule> rules{
      {"sgd", [](auto& rate, auto& decay) { return sgd(rate, {.momentum = 0.9, .weight_decay = decay}); }},
      {"plain sgd", [](auto& rate, auto& decay) { return sgd(rate, {.weight_decay = decay}); }},
      {"adam", [](auto& rate, auto& decay) { return adam(rate, {.weight_decay = decay}); }},
      {"adamw", [](auto& rate, auto& decay) { return adamw(rate, {.weight_decay = decay}); }},
      {"adamax", [](auto& rate, auto& decay) { return adamax(rate, {.weight_decay = decay}); }},
      {"nadam", [](auto& rate, auto& decay) { return nadam(rate, {.weight_decay = decay}); }},
      {"radam", [](auto& rate, auto& decay) { return radam(rate, {.weight_decay = decay}); }},
      {"rmsprop", [](auto& rate, auto& decay) { return rmsprop(rate, {.weight_decay = decay}); }},
      {"adagrad", [](auto& rate, auto& decay) { return adagrad(rate, {.lr_decay = 0.5, .weight_decay = decay}); }},
      {"adadelta", [](auto& rate, auto& decay) { return adadelta(rate, {.weight_decay = decay}); }}};
  for (const auto& [name, make] : rules) {
    INFO(name);
    Model grouped, separate;
    Optimizer optimizer(
        grouped.named(), make(0.1, 0.2),
        {.groups = {{.names = "*.bias", .decay = 0}, {.names = "hidden.*", .rate = cosine_decay(0.3, 4)}}});
    Optimizer weight(std::vector<Parameter>{separate.weight}, make(cosine_decay(0.3, 4), 0.2)),
        bias(std::vector<Parameter>{separate.bias}, make(cosine_decay(0.3, 4), 0)),
        other(std::vector<Parameter>{separate.other}, make(0.1, 0.2));
    for (int step = 0; step < 3; ++step) {
      optimizer.step(gradients);
      weight.step({gradients[0]});
      bias.step({gradients[1]});
      other.step({gradients[2]});
    }
    for (std::size_t i = 0; i < 3; ++i) CHECK(grouped.values()[i].to_vector() == separate.values()[i].to_vector());
  }
}

TEST_CASE("the present rate is readable, of the rule and of each Parameter") {
  Model model;
  Parameter learned(f64(0.25));
  Optimizer optimizer(model.named(), adamw(step_decay(0.1, 2, 0.5)),
                      {.groups = {{.names = "*.bias", .rate = learned}, {.names = "output.*", .rate = 1}}});
  CHECK(optimizer.rate() == 0.1);
  CHECK(optimizer.rate("hidden.weight") == 0.1);
  CHECK(optimizer.rate("hidden.bias") == 0.25);
  CHECK(optimizer.rate("output.weight") == 1);
  optimizer.step(gradients);
  CHECK(optimizer.rate() == 0.1);
  optimizer.step(gradients);
  learned.assign(f64(0.125));
  CHECK(optimizer.rate() == 0.05);
  CHECK(optimizer.rate("hidden.bias") == 0.125);
  CHECK(Optimizer(std::vector<Parameter>{model.weight}, adagrad(0.5)).rate() == 0.5);
  throws<ValueError>("rate: no parameter is named bias").by([&] { optimizer.rate("bias"); });
  const Optimizer none(std::vector<Parameter>{model.weight}, scale(-0.1));
  throws<ValueError>("rate: the rule has 0 rates").by([&] { none.rate(); });
  const Optimizer two(std::vector<Parameter>{model.weight}, chain(sgd(0.1), sgd(0.1)));
  throws<ValueError>("rate: the rule has 2 rates").by([&] { two.rate(); });
}

TEST_CASE("derivatives flow to the rate of a group") {
  const auto last = [](const Tensor& rate) {
    const DifferentiableUpdates scope;
    Model model;
    Optimizer optimizer(model.named(), sgd(0.1), {.groups = {{.names = "*.bias", .rate = rate}}});
    for (int step = 0; step < 2; ++step) {
      const Tensor loss = sum(square(model.bias)) * sum(model.weight);
      optimizer.step(grad(loss, {model.weight, model.bias, model.other}, {.create_graph = true, .allow_unused = true}));
    }
    return Tensor(model.bias);
  };
  const Tensor rate = f64(0.2);
  const double step = 1e-6, numeric = (last(rate + step).item() - last(rate - step).item()) / (2 * step);
  CHECK(grad([&](const Tensor& t) { return sum(last(t)); })(rate).item() == Approx(numeric).epsilon(1e-6));
}

TEST_CASE("a rule of one's own may have a rate that groups replace") {
  const Hyperparameter rate = 0.5;
  const Transformation signs = Transformation(
                                   {}, [](const Tensor&) { return Tensors{}; },
                                   [rate](const Tensor& g, const Tensors&, const Tensor&, const StepNumber& step) {
                                     return Step{sign(g) * -rate_at(step, rate), {}};
                                   })
                                   .with_rate(rate);
  Model model;
  Optimizer optimizer(model.named(), signs, {.groups = {{.names = "hidden.weight", .rate = 0.25}}});
  optimizer.step(gradients);
  CHECK(model.weight.value().to_vector() == Numbers{0.75, -2.25});
  CHECK(model.bias.item() == 1);
}

TEST_CASE("groups that would not do what they say are refused") {
  Model model;
  const auto with = [&](const Transformation& rule, std::vector<Group> groups, const Location& where) {
    Optimizer(model.named(), rule, {.groups = std::move(groups)}, where);
  };
  const auto here = [](const Location& where = Location::current()) { return where; };
  throws<ValueError>("Optimizer: no parameter is named like *.bais").by([&] {
    with(adamw(0.1), {{.names = "*.bais", .decay = 0}}, here());
  });
  throws<ValueError>("Optimizer: the group *.bias has neither rate nor decay").by([&] {
    with(adamw(0.1), {{.names = "*.bias"}}, here());
  });
  throws<ValueError>("Optimizer: two groups give a rate for hidden.bias").by([&] {
    with(adamw(0.1), {{.names = "*.bias", .rate = 1}, {.names = "hidden.*", .rate = 2}}, here());
  });
  throws<ValueError>("Optimizer: the group * has a rate, but the rule has 0").by([&] {
    with(scale(-1), {{.names = "*", .rate = 1}}, here());
  });
  throws<ValueError>("Optimizer: the group * has a decay, but the rule has 0").by([&] {
    with(descend(1), {{.names = "*", .decay = 1}}, here());
  });
  CHECK_THROWS_AS(with(adamw(0.1), {{.names = "*", .rate = -1}}, here()), ValueError);
  throws<ValueError>("Optimizer: groups go by names: give it model.named_parameters()").by([&] {
    Optimizer({model.weight}, adamw(0.1), {.groups = {{.names = "*", .decay = 0}}});
  });
}

TEST_CASE("a missing gradient is an error that tells the name, or a step that is not taken") {
  Model model;
  Optimizer strict(model.named(), adam(0.1));
  throws<GraphError>(
      "step: there is no gradient for parameter 1, hidden.bias [1] f64 (MissingGradient::skip leaves it "
      "alone)")
      .by([&] {
        strict.step({gradients[0], Tensor(), gradients[2]});
      });
  CHECK(strict.steps() == 0);

  Model same;
  Optimizer lenient(model.named(), adam(0.1, {.weight_decay = 0.5}), {.missing = MissingGradient::skip});
  Optimizer alone(std::vector<Parameter>{same.bias}, adam(0.1, {.weight_decay = 0.5}));
  for (int step = 0; step < 3; ++step) lenient.step({gradients[0], Tensor(), gradients[2]});
  CHECK(model.bias.item() == 0.5);
  lenient.step(gradients);  // the first step of this Parameter, whatever the others have done
  alone.step({gradients[1]});
  CHECK(model.bias.item() == same.bias.item());
  CHECK(lenient.steps() == 4);

  lenient.zero_gradients();
  backward(sum(square(model.weight)));
  const double before = model.other.item();
  lenient.step();
  CHECK(model.other.item() == before);
  lenient.zero_gradients();
  throws<GraphError>("step: no parameter has a gradient; call backward first, or step(gradients)").by([&] {
    lenient.step();
  });
  throws<GraphError>("step: no parameter has a gradient").by([&] { lenient.step({Tensor(), Tensor(), Tensor()}); });
  CHECK(lenient.steps() == 5);
}

}  // namespace
}  // namespace xgrad::optim::groups_test
