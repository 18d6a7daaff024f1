// Updates are written over the old values where nobody can see it.

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <string>

#include "autograd/autograd.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/tape/entry.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/xtensor.hpp"
#include "optim/optim.hpp"
#include "tests/skip.hpp"

namespace xgrad::in_place_test {
namespace {

constexpr std::int64_t size = 3000;

Tensor ramp(double scale) {
  std::vector<float> values(size);
  for (std::int64_t i = 0; i < size; ++i)
    values[static_cast<std::size_t>(i)] = static_cast<float>(scale * double(i % 97 - 40));
  return tensor(values);
}

struct Training {
  explicit Training(optim::Transformation rule = optim::adam(0.01)) : optimizer({parameter}, std::move(rule)) {}
  void step(int times = 1) {
    for (int i = 0; i < times; ++i) optimizer.step({gradient});
  }
  const float* memory() const { return parameter.value().data<float>().data(); }
  std::vector<float> values() const { return parameter.value().to_vector<float>(); }

  Parameter parameter{ramp(0.01)};
  Tensor gradient = ramp(0.003);
  optim::Optimizer optimizer;
};

bool fused() { return engine() == "fused" && std::getenv("XGRAD_EAGER") == nullptr; }

TEST_CASE("an update that nobody watches needs no further memory", "[in_place]") {
  if (!fused()) return skip("the engine is not the fused one, planning ahead");
  for (const auto& rule : {optim::sgd(0.1), optim::sgd(0.1, {.momentum = 0.9}), optim::adam(0.01), optim::adagrad(0.1),
                           optim::rmsprop(0.01), optim::chain(optim::clip_by_global_norm(1), optim::adam(0.01))}) {
    Training training(rule);
    training.step(3);
    const float* before = training.memory();
    reset_peak_memory();
    const std::size_t live = memory_use().live;
    training.step(3);
    CHECK(training.memory() == before);
    CHECK(memory_use().live == live);
    CHECK(memory_use().peak < live + size * sizeof(float));
  }
}

// Ways to hold on to what an update would overwrite, and to look at it later.
using Look = std::function<std::vector<double>()>;
const std::map<std::string, std::function<Look(const Training&)>> ways{
    {"a handle",
     [](const Training& t) {
       const Tensor held = t.parameter;
       return [held] { return held.to_vector(); };
     }},
    {"another shape of it, computed",
     [](const Training& t) {
       const Tensor held = reshape(stop_gradient(t.parameter), {30, 100});
       evaluate(held);
       return [held] { return held.to_vector(); };
     }},
    {"an untracked entry to come",
     [](const Training& t) {
       const NoGrad untracked;
       const Tensor held = t.parameter * 2;
       return [held] { return held.to_vector(); };
     }},
    {"a tracked entry to come",
     [](const Training& t) {
       const Tensor held = exp(t.parameter * 0.1);
       return [held] { return held.to_vector(); };
     }},
    {"the history of a loss",
     [](const Training& t) {
       const Tensor held = track(t.parameter.value()), loss = sum(held * held);
       const std::vector<Tensor> inputs{held};
       loss.item();
       return [inputs, loss] { return grad(loss, inputs)[0].to_vector(); };
     }},
    {"another Parameter",
     [](const Training& t) {
       const Parameter held = t.parameter.clone();
       return [held] { return held.value().to_vector(); };
     }},
    {"the state of the optimizer",
     [](const Training& t) {
       const std::vector<NamedTensor> held = t.optimizer.state();
       return [held] {
         std::vector<double> all;
         for (const NamedTensor& slot : held)
           for (const double value : slot.value.to_vector()) all.push_back(value);
         return all;
       };
     }},
};

TEST_CASE("what somebody holds stays as it was", "[in_place]") {
  for (const auto& [name, hold] : ways) {
    for (const int earlier : {0, 1, 4}) {
      INFO(name << ", after " << earlier << " steps");
      Training training, other;
      training.step(earlier);
      other.step(earlier);
      const std::vector<double> expected = hold(other)();
      const Look look = hold(training);
      training.step(3);
      CHECK(look() == expected);
      other.step(3);
      CHECK(training.values() == other.values());
      training.step(3);
      CHECK(look() == expected);
    }
  }
}

TEST_CASE("entries that are part of the update, and are held, stay as they were", "[in_place]") {
  Training training, other;
  training.step(3);
  other.step(3);
  // The gradient is computed from the parameter in the same plan; so is `held`, which has no value afterwards.
  const auto slope = [](const Training& t) {
    const NoGrad untracked;
    return std::pair{t.parameter * 0.5 + 1, t.parameter * 2};
  };
  for (int step = 0; step < 3; ++step) {
    const std::vector<double> expected = slope(other).first.to_vector();
    const Tensor held = slope(training).first;
    training.optimizer.step({held * held + training.gradient});
    CHECK(held.to_vector() == expected);
    other.optimizer.step({square(slope(other).first) + other.gradient});
    CHECK(training.values() == other.values());
  }
}

TEST_CASE("a view of a parameter that the update is computed from, and that is held, stays as it was", "[in_place]") {
  Training training;
  training.step(3);
  for (int step = 0; step < 3; ++step) {
    const std::vector<float> before = training.values();
    const NoGrad untracked;
    const Tensor wide = broadcast_to(training.parameter.value(), {2, training.parameter.numel()});
    training.optimizer.step({sum(wide, 0) * 0.01f + training.gradient});
    CHECK(slice(wide, 0, 1, 2).to_vector<float>() == before);
    CHECK(training.values() != before);
  }
}

TEST_CASE("a loss may be differentiated again after the step", "[in_place]") {
  Training training;
  for (int step = 0; step < 5; ++step) {
    const Tensor loss = sum(exp(training.parameter * 0.1));
    const std::vector<Tensor> parameters{training.parameter};
    const std::vector<double> first = grad(loss, parameters)[0].to_vector();
    training.optimizer.step(grad(loss, parameters));
    CHECK(grad(loss, parameters)[0].to_vector() == first);
  }
}

TEST_CASE("a loss that the step computes may be differentiated afterwards", "[in_place]") {
  Training training, other;
  const auto loss_of = [](const Training& t) { return sum(log(t.parameter + 5)) + sum(square(t.parameter)); };
  for (int step = 0; step < 5; ++step) {
    const std::vector<Tensor> parameters{training.parameter}, others{other.parameter};
    const Tensor loss = loss_of(training), other_loss = loss_of(other);
    const std::vector<double> expected = grad(other_loss, others)[0].to_vector();
    training.optimizer.step(grad(loss, parameters));
    CHECK(grad(loss, parameters)[0].to_vector() == expected);
    other.optimizer.step(grad(other_loss, others));
    CHECK(training.values() == other.values());
  }
}

TEST_CASE("a loss whose logarithms the step keeps may be differentiated afterwards", "[in_place]") {
  Parameter x(full({3000}, 2));
  optim::Optimizer optimizer({x}, optim::sgd(0.5));
  for (int step = 0; step < 4; ++step) {
    const double at = x.value().to_vector()[7];
    const Tensor loss = sum(log(x));
    optimizer.step({grad(loss, {x.value()})[0]});
    Tensor old = loss;  // to the end of its history, without holding that before the step
    while (old.entry()->input_count > 0) old = Tensor(old.entry()->input(0));
    CHECK(grad(loss, old).to_vector()[7] == static_cast<float>(1 / at));
  }
}

TEST_CASE("what a step was computed from may be differentiated afterwards", "[in_place]") {
  Parameter x(full({3000}, 2));
  optim::Optimizer optimizer({x}, optim::sgd(0.5));
  for (int step = 0; step < 4; ++step) {
    const double at = x.value().to_vector()[7];
    const Tensor logarithms = log(x);
    optimizer.step({logarithms * 0.1});
    const Tensor old(logarithms.entry()->input(0));  // not held before the step
    CHECK(grad(sum(logarithms), old).to_vector()[7] == static_cast<float>(1 / at));
  }
}

TEST_CASE("memory of others is not written to", "[in_place]") {
  xt::xarray<float> mine = xt::ones<float>({size});
  Parameter parameter(from_xtensor(std::move(mine)));
  const Tensor watched = parameter;
  const float* memory = watched.data<float>().data();
  optim::Optimizer optimizer({parameter}, optim::sgd(0.5));
  for (int step = 0; step < 4; ++step) optimizer.step({ones({size})});
  CHECK(memory[0] == 1);
  CHECK(parameter.value().data<float>()[0] == -1);
}

TEST_CASE("memory that its owner still sees is not written to", "[in_place]") {
  const auto mine = std::make_shared<std::vector<float>>(size, 1.0f);
  Parameter parameter(
      make_leaf({size}, float32, Buffer::adopt(mine->data(), size * sizeof(float), mine), Location::current()));
  optim::Optimizer optimizer({parameter}, optim::sgd(0.5));
  for (int step = 0; step < 4; ++step) optimizer.step({ones({size})});
  CHECK((*mine)[0] == 1);
}

TEST_CASE("a gradient that became the state is still the caller's", "[in_place]") {
  Training training(optim::sgd(0.01, {.momentum = 0.9}));
  const std::vector<double> before = training.gradient.to_vector();
  training.step(3);
  CHECK(training.gradient.to_vector() == before);
}

TEST_CASE("two optimizers with the same state do not disturb each other", "[in_place]") {
  Training training;
  training.step(3);
  const optim::Optimizer copy = training.optimizer;
  const std::vector<double> before = copy.state()[1].value.to_vector();
  training.step(3);
  CHECK(copy.state()[1].value.to_vector() == before);
}

TEST_CASE("what a rule keeps of its state and its parameter stays as it was", "[in_place]") {
  struct Rule {
    std::vector<std::string> slots{"average"};
    std::shared_ptr<optim::Tensors> kept = std::make_shared<optim::Tensors>();
    optim::Tensors init(const Tensor& parameter) const { return {zeros_like(parameter)}; }
    optim::Step update(const Tensor& gradient, const optim::Tensors& state, const Tensor& parameter,
                       std::int64_t) const {
      *kept = {state[0] * 0.5, parameter * 2};  // which the step computes on its way, but does not store
      const Tensor average = (*kept)[0] + gradient;
      return {(*kept)[1] - average, {average}};
    }
  } rule;
  Training training(rule);
  training.step(3);
  const std::vector<double> state = (training.optimizer.state()[1].value * 0.5).to_vector();
  const std::vector<double> parameter = (training.parameter.value() * 2).to_vector();
  training.step();
  CHECK((*rule.kept)[0].to_vector() == state);
  CHECK((*rule.kept)[1].to_vector() == parameter);
}

TEST_CASE("every rule comes to the same where it overwrites and where it may not", "[in_place]") {
  for (const auto& rule :
       {optim::sgd(0.01, {.momentum = 0.9, .nesterov = true}), optim::adam(0.01, {.amsgrad = true}), optim::adamw(0.01),
        optim::adamax(0.01), optim::nadam(0.01), optim::radam(0.01), optim::adadelta(1), optim::adagrad(0.1),
        optim::rmsprop(0.01, {.momentum = 0.5, .centered = true}),
        optim::chain(optim::clip_by_global_norm(1), optim::adam(0.01))}) {
    Training over(rule), beside(rule);
    for (int step = 0; step < 8; ++step) {
      over.step();
      const Tensor held = beside.parameter;
      const std::vector<NamedTensor> state = beside.optimizer.state();
      beside.step();
    }
    CHECK(over.values() == beside.values());
    const std::vector<NamedTensor> a = over.optimizer.state(), b = beside.optimizer.state();
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i].value.to_vector() == b[i].value.to_vector());
  }
}

TEST_CASE("an update that is too long for one plan overwrites in its last part", "[in_place]") {
  if (!fused()) return skip("the engine is not the fused one, planning ahead");
  std::vector<Parameter> parameters;
  std::vector<Tensor> gradients;
  for (int i = 0; i < 200; ++i) {
    parameters.emplace_back(ramp(0.01) + i);
    gradients.push_back(ramp(0.003) - i);
  }
  optim::Optimizer optimizer(parameters, optim::adam(0.01));
  for (int step = 0; step < 3; ++step) optimizer.step(gradients);
  const auto memory = [&] { return parameters.back().value().data<float>().data(); };
  const float* before = memory();
  const std::vector<float> held = [&] {
    const Tensor first = parameters.front();
    optimizer.step(gradients);
    return first.to_vector<float>();
  }();
  CHECK(memory() == before);
  CHECK(held != parameters.front().value().to_vector<float>());
}

TEST_CASE("an update of several plans whose last one fails changes nothing", "[in_place]") {
  std::vector<Parameter> parameters;
  std::vector<Tensor> gradients;
  for (int i = 0; i < 400; ++i) {
    parameters.emplace_back(ramp(0.01) + i);
    gradients.push_back(ramp(0.003) - i);
  }
  const Tensor places = arange(size);
  Tensor by = tensor(0);
  const optim::Transformation shift([&](const Tensor& update) { return take(update, places + by, 0); });
  optim::Optimizer optimizer(parameters, optim::chain(optim::adam(0.01), shift));
  for (int step = 0; step < 3; ++step) optimizer.step(gradients);
  const auto all = [&] {
    std::vector<std::vector<double>> values;
    for (const Parameter& parameter : parameters) values.push_back(parameter.value().to_vector());
    for (const NamedTensor& slot : optimizer.state()) values.push_back(slot.value.to_vector());
    return values;
  };
  const std::vector<std::vector<double>> before = all();
  by = tensor(1);  // the last place is one too many
  CHECK_THROWS_AS(optimizer.step(gradients), IndexError);
  const bool unchanged = all() == before;
  CHECK(unchanged);
}

TEST_CASE("a step that is refused or left out changes nothing", "[in_place]") {
  for (const auto policy : {optim::NonFinite::error, optim::NonFinite::skip}) {
    Parameter parameter(ramp(0.01));
    optim::Optimizer optimizer({parameter}, optim::adam(0.01), {.nonfinite = policy});
    for (int step = 0; step < 3; ++step) optimizer.step({ramp(0.003)});
    const std::vector<double> before = parameter.value().to_vector();
    const std::vector<double> moment = optimizer.state()[1].value.to_vector();
    const Tensor bad = ramp(0.003) / where(ramp(1) == 0, 0.0, 1.0);
    try {
      optimizer.step({bad});
    } catch (const ValueError&) {
    }
    CHECK(parameter.value().to_vector() == before);
    CHECK(optimizer.state()[1].value.to_vector() == moment);
  }
}

TEST_CASE("a Parameter that occurs in no loss, and one that is frozen, are left alone", "[in_place]") {
  Parameter frozen(ramp(0.01)), moving(ramp(0.02));
  optim::Optimizer optimizer({frozen, moving}, optim::adam(0.01));
  frozen.set_trainable(false);
  const std::vector<double> before = frozen.value().to_vector();
  for (int step = 0; step < 4; ++step) optimizer.step({ramp(0.1), ramp(0.1)});
  CHECK(frozen.value().to_vector() == before);
}

}  // namespace
}  // namespace xgrad::in_place_test
