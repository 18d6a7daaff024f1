// What an Optimizer saves, and what it lets itself be loaded with.

#include <algorithm>
#include <cmath>

#include "autograd/tape/text.hpp"
#include "data/load_options.hpp"
#include "data/safetensors.hpp"
#include "nn/linear.hpp"
#include "optim/optimizer.hpp"
#include "tests/data/files.hpp"
#include "tests/optim/problems.hpp"

namespace optimizer_state_test {

using namespace xgrad;
using namespace xgrad::optim;
using namespace xgrad::test;
using Catch::Contains;

namespace {

Tensor& value_of(std::vector<NamedTensor>& state, const std::string& name) {
  const auto found = std::ranges::find(state, name, &NamedTensor::name);
  REQUIRE(found != state.end());
  return found->value;
}

/// The state must be refused, and change nothing.
std::string refusal(Optimizer& optimizer, const std::vector<NamedTensor>& saved) {
  const auto before = optimizer.state();
  const std::string message = message_of<FormatError>([&] { optimizer.load_state(saved); });
  const auto after = optimizer.state();
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(before[i].value.to_vector() == after[i].value.to_vector());
  CHECK_THAT(message, Contains("load_state: ") && Contains("optimizer_state_test.cpp:"));
  return message;
}

Tensor whole(std::int64_t number) { return tensor(number); }

struct Net : nn::Module {
  nn::Linear first{3, 3}, second{3, 3};
  void visit(nn::Visitor& visitor) override {
    visitor("first", first);
    visitor("second", second);
  }
};

}  // namespace

TEST_CASE("the state of one rule does not load into another one, whose slots have the same names") {
  Parameter x(ones({2}));
  Optimizer one(std::vector<Parameter>{x}, adam(0.1)), other(std::vector<Parameter>{x}, adamw(0.1)),
      rectified(std::vector<Parameter>{x}, radam(0.1)), plain(std::vector<Parameter>{x}, sgd(0.1)),
      own(std::vector<Parameter>{x}, Transformation([](const Tensor&gradient) { return -gradient; }));
  CHECK_THAT(refusal(other, one.state()),
             Contains("the state is of the rule adam, that of this Optimizer is adamw; nothing was changed"));
  CHECK_THAT(refusal(one, rectified.state()), Contains("radam") && Contains("adam"));
  CHECK_THAT(refusal(own, plain.state()), Contains("of the rule sgd, that of this Optimizer is one without a name"));
  one.step({ones({2})});
  rectified = Optimizer(std::vector<Parameter>{x}, radam(0.1));
  other.load_state(Optimizer(std::vector<Parameter>{x}, adamw(0.2)).state());  // the rate is none of the state
}

TEST_CASE("a chain goes by the names of its rules that have one") {
  CHECK(chain(clip_by_global_norm(1), adam(0.1)).name() == "adam");
  CHECK(chain(rmsprop(0.1), sgd(0.1)).name() == "rmsprop + sgd");
  CHECK(chain(clip_by_value(1)).name().empty());
  CHECK(chain(adagrad(0.1)).with_name("mine").name() == "mine");
  for (const auto& [rule, name] : std::vector<std::pair<Transformation, std::string>>{{adadelta(), "adadelta"},
                                                                                      {adagrad(0.1), "adagrad"},
                                                                                      {adam(), "adam"},
                                                                                      {adamax(), "adamax"},
                                                                                      {adamw(), "adamw"},
                                                                                      {nadam(), "nadam"},
                                                                                      {radam(), "radam"},
                                                                                      {rmsprop(0.1), "rmsprop"},
                                                                                      {sgd(0.1), "sgd"}})
    CHECK(rule.name() == name);
}

TEST_CASE("a state does not load in another order of parameters that are alike") {
  Net net;
  auto parameters = net.named_parameters();
  Optimizer optimizer(parameters, adam(0.1));
  std::swap(parameters[0], parameters[2]);
  Optimizer swapped(parameters, adam(0.1));
  CHECK_THAT(refusal(swapped, optimizer.state()),
             Contains("parameter 0 of the state is [3, 3] first.weight, that of this Optimizer [3, 3] second.weight"));
  // sgd has no slots whose shapes tell
  Parameter a(ones({2})), b(ones({3}));
  Optimizer ab(std::vector<Parameter>{a, b}, sgd(0.1)), ba(std::vector<Parameter>{b, a}, sgd(0.1)),
      only(std::vector<Parameter>{a}, sgd(0.1));
  CHECK_THAT(refusal(ba, ab.state()), Contains("parameter 0 of the state is [2], that of this Optimizer [3]"));
  auto state = ab.state();
  std::erase_if(state, [](const NamedTensor& each) { return each.name == "taken_steps"; });
  CHECK_THAT(refusal(only, state), Contains("the state is of 2 parameters, this Optimizer has 1"));
}

TEST_CASE("a parameter may have got a longer name meanwhile, or have none") {
  Net net;
  Optimizer optimizer(net.named_parameters(), adam(0.1));
  for (const char* name : {"model.first.weight", "first.weight", "weight", ""}) {
    auto state = optimizer.state();
    std::string list = text_of(value_of(state, "parameters"), "test");
    list.replace(list.find("first.weight"), 12, name);
    value_of(state, "parameters") = text_tensor(list);
    CHECK_NOTHROW(optimizer.load_state(state));
  }
  auto state = optimizer.state();
  value_of(state, "parameters") = text_tensor(text_of(value_of(state, "parameters"), "test").replace(7, 5, "third"));
  CHECK_THAT(refusal(optimizer, state), Contains("third.weight") && Contains("first.weight"));
}

TEST_CASE("numbers that no training leads to are refused") {
  Parameter x(ones({2}));
  Optimizer optimizer(std::vector<Parameter>{x}, adam(0.1, {.amsgrad = true}));
  optimizer.step({ones({2})});
  const auto with = [&](const char* name, const Tensor& value) {
    auto state = optimizer.state();
    value_of(state, name) = value;
    return state;
  };
  CHECK_THAT(refusal(optimizer, with("step", whole(-1))), Contains("step is -1"));
  CHECK_THAT(refusal(optimizer, with("step", whole((std::int64_t{1} << 53) + 1))),
             Contains("step is 9007199254740993"));
  CHECK_THAT(refusal(optimizer, with("step", whole(INT64_MAX))), Contains("step is"));
  CHECK_THAT(refusal(optimizer, with("skipped_steps", whole(-1))), Contains("skipped_steps is -1"));
  CHECK_THAT(refusal(optimizer, with("taken_steps", tensor({2}))), Contains("parameter 0 has taken 2 of 1 steps"));
  CHECK_THAT(refusal(optimizer, with("0.exp_avg_sq", tensor({0.0, -1e-30}))),
             Contains("0.exp_avg_sq is -") && Contains("at element 1, and cannot be negative"));
  CHECK_THAT(refusal(optimizer, with("0.max_exp_avg_sq", tensor({-1.0, 0.0}))), Contains("0.max_exp_avg_sq is -1"));
  CHECK_THAT(refusal(optimizer, with("rule", tensor({5}))), Contains("is not a text"));
  CHECK_THAT(refusal(optimizer, with("parameters", tensor({5, 1, 2}))), Contains("is not a text"));
  // what is no error: means below 0, zeros of either sign, NaN after a NaN
  optimizer.load_state(with("0.exp_avg", tensor({-1.0, -2.0})));
  optimizer.load_state(with("0.exp_avg_sq", tensor({-0.0, static_cast<double>(NAN)})));
}

TEST_CASE("every rule refuses its squares below 0") {
  Parameter x(ones({2}));
  const std::vector<std::pair<Transformation, std::string>> cases = {
      {adagrad(0.1), "sum"},        {adadelta(), "square_avg"}, {adadelta(), "acc_delta"},
      {rmsprop(0.1), "square_avg"}, {adamw(), "exp_avg_sq"},    {adamax(), "exp_inf"},
      {nadam(), "exp_avg_sq"},      {radam(), "exp_avg_sq"},    {chain(rmsprop(0.1), adadelta()), "square_avg_2"}};
  for (const auto& [rule, slot] : cases) {
    Optimizer optimizer(std::vector<Parameter>{x}, rule);
    auto state = optimizer.state();
    value_of(state, "0." + slot) = full({2}, -1.0);
    CHECK_THAT(refusal(optimizer, state), Contains("0." + slot + " is -1 at element 0"));
  }
}

TEST_CASE("skipped steps are saved, and states of earlier versions load without the marks") {
  Parameter x(ones({2}));
  const OptimizerOptions options{.nonfinite = NonFinite::skip};
  Optimizer optimizer(std::vector<Parameter>{x}, adam(0.1), options),
      other(std::vector<Parameter>{x}, adam(0.1), options);
  optimizer.step({full({2}, static_cast<double>(NAN))});
  optimizer.step({ones({2})});
  other.load_state(optimizer.state());
  CHECK((other.skipped() == 1 && other.steps() == 1));
  auto state = optimizer.state();
  state.resize(3);
  CHECK(state.back().name == "0.exp_avg_sq");
  Optimizer third(std::vector<Parameter>{x}, adamw(0.1));
  third.load_state(state);
  CHECK((third.steps() == 1 && third.skipped() == 0));
}

TEST_CASE("the moments of another rule can be taken over when that is asked for") {
  const Directory directory;
  Parameter x(ones({2}));
  Optimizer one(std::vector<Parameter>{x}, adam(0.1)), other(std::vector<Parameter>{x}, adamw(0.1));
  one.step({ones({2})});
  data::save(directory / "file", one);
  CHECK_THAT(message_of<FormatError>([&] { data::load(directory / "file", other); }), Contains("of the rule adam"));
  data::load(directory / "file", other, {.only = {"step", "taken_steps", "?.exp*"}});
  CHECK(other.steps() == 1);
}

}  // namespace optimizer_state_test
