#include "nn/module.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

namespace module_test {

using namespace xgrad;

namespace {

struct Classifier : nn::Module {
  nn::Linear hidden{4, 3};
  nn::Linear output{3, 2};

  Tensor operator()(const Tensor& images) const { return output(relu(hidden(images))); }
  void visit(nn::Visitor& visitor) override { visitor("hidden", hidden), visitor("output", output); }
};

/// One member of every kind.
struct Everything : nn::Module {
  Classifier inner;
  std::vector<nn::Linear> layers;
  std::vector<Parameter> scales{Parameter(ones({2})), Parameter(zeros({1}))};
  std::optional<nn::Linear> extra;
  std::unique_ptr<nn::Dropout> dropout = std::make_unique<nn::Dropout>(0.5, Rng(3));
  Parameter shared = inner.hidden.weight;
  Tensor mean = tensor({0.5, 1.5});

  Everything() {
    layers.emplace_back(2, 2, nn::LinearOptions{.bias = false});
    layers.emplace_back(2, 1);
  }
  void visit(nn::Visitor& visitor) override {
    visitor("inner", inner);
    visitor("layers", layers);
    visitor("scales", scales);
    visitor("extra", extra);
    visitor("dropout", dropout);
    visitor("shared", shared);
    visitor("mean", mean);
  }
};

template <class List>
std::vector<std::string> names(const List& list) {
  std::vector<std::string> found;
  for (const auto& item : list) found.push_back(item.name);
  return found;
}

void set(std::vector<NamedTensor>& state, const std::string& name, const Tensor& value) {
  for (auto& item : state)
    if (item.name == name) item.value = value;
}

}  // namespace

TEST_CASE("a Parameter knows the name that the outermost module gave it, and where it was made") {
  Everything module;
  const Parameter& weight = module.inner.hidden.weight;
  const Parameter alone(ones({2}));
  CHECK(weight.name().empty());
  module.inner.hidden.parameters();
  CHECK(weight.name() == "weight");
  module.parameters();
  CHECK(weight.name() == "inner.hidden.weight");
  module.inner.parameters();
  CHECK(weight.name() == "inner.hidden.weight");
  CHECK(module.shared.name() == "inner.hidden.weight");
  CHECK(nn::clone(module.inner).hidden.weight.name().empty());
  CHECK(alone.made().line() == __LINE__ - 10);
  CHECK(Parameter().name().empty());
}

TEST_CASE("parameters are named by their path, and tied ones listed once") {
  const Everything module;
  CHECK(names(module.named_parameters()) ==
        std::vector<std::string>{"inner.hidden.weight", "inner.hidden.bias", "inner.output.weight", "inner.output.bias",
                                 "layers.0.weight", "layers.1.weight", "layers.1.bias", "scales.0", "scales.1"});
  CHECK(module.parameters().size() == 9);
}

TEST_CASE("the state has PyTorch's names, tied ones included, and buffers and random streams") {
  const Everything module;
  const auto found = names(module.state());
  CHECK(std::vector<std::string>(found.end() - 3, found.end()) ==
        std::vector<std::string>{"dropout.rng", "shared", "mean"});
  CHECK(found.size() == 12);
  CHECK(names(Classifier().state()) ==
        std::vector<std::string>{"hidden.weight", "hidden.bias", "output.weight", "output.bias"});
}

TEST_CASE("a loaded state is the saved one, whatever its order") {
  seed(1);
  const Everything saved;
  seed(2);
  Everything loaded;
  auto state = saved.state();
  std::swap(state[0], state[5]);
  const Parameter before = loaded.inner.output.bias;
  loaded.load_state(state);
  const auto expected = saved.state(), found = loaded.state();
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(found[i].value.to_vector() == expected[i].value.to_vector());
  CHECK(before == loaded.inner.output.bias);  // the cells are kept, for optimisers that know them
  CHECK(loaded.shared == loaded.inner.hidden.weight);
}

TEST_CASE("random streams may be missing from a state") {
  Everything module;
  auto state = module.state();
  std::erase_if(state, [](const NamedTensor& item) { return item.name == "dropout.rng"; });
  CHECK_NOTHROW(module.load_state(state));
}

TEST_CASE("a state that does not fit: all differences are listed, and nothing changes") {
  Classifier model;
  const auto before = model.state();
  auto state = model.state();
  set(state, "hidden.weight", zeros({4, 3}));
  set(state, "hidden.bias", zeros({3}, float64));
  state[2].name = "outptu.weight";
  set(state, "output.bias", ones({2}));
  std::string message;
  try {
    model.load_state(state);
  } catch (const FormatError& error) {
    message = error.what();
  }
  using Catch::Contains;
  CHECK_THAT(message, Contains("4 differences"));
  CHECK_THAT(message, Contains("hidden.weight: expected [3, 4] f32, got [4, 3] f32"));
  CHECK_THAT(message, Contains("hidden.bias: expected [3] f32, got [3] f64"));
  CHECK_THAT(message, Contains("output.weight: missing, expected [2, 3] f32"));
  CHECK_THAT(message, Contains("outptu.weight: unexpected, [2, 3] f32"));
  CHECK_THAT(message, Contains("module_test.cpp:"));
  const auto after = model.state();
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(after[i].value.to_vector() == before[i].value.to_vector());

  auto twice = before;
  twice.push_back(before[0]);
  CHECK_THROWS_WITH(model.load_state(twice), Contains("hidden.weight: given twice"));
}

TEST_CASE("the values for two names of a tied parameter must agree") {
  Everything module;
  auto state = module.state();
  set(state, "shared", zeros({3, 4}));
  CHECK_THROWS_AS(module.load_state(state), FormatError);
  set(state, "inner.hidden.weight", zeros({3, 4}));
  module.load_state(state);
  CHECK(module.shared.value().to_vector() == std::vector<double>(12, 0));
}

TEST_CASE("a tied parameter that has become NaN is loaded as it was saved") {
  Everything module, other;
  auto state = module.state();
  const Tensor spoilt = full({3, 4}, std::nan(""));
  set(state, "shared", spoilt);
  set(state, "inner.hidden.weight", spoilt + 0);
  module.load_state(state);
  other.load_state(module.state());
  CHECK(std::isnan(other.shared.value().to_vector()[0]));
  set(state, "shared", zeros({3, 4}));
  CHECK_THROWS_AS(module.load_state(state), FormatError);
}

TEST_CASE("two members of one name are a ValueError") {
  struct Twice : nn::Module {
    Parameter a{zeros({1})}, b{zeros({1})};
    void visit(nn::Visitor& visitor) override { visitor("a", a), visitor("a", b); }
  };
  CHECK_THROWS_WITH(Twice().state(), Catch::Contains("two members are named a"));
}

TEST_CASE("a copy shares the parameters, a clone has its own, with the same values and ties") {
  struct Tied : nn::Module {
    nn::Linear a{2, 2}, b{2, 2};
    Tied() { b.weight = a.weight; }
    void visit(nn::Visitor& visitor) override { visitor("a", a), visitor("b", b); }
  };
  Tied original;
  const Tied copy = original;
  CHECK(copy.a.weight == original.a.weight);
  original.a.bias.set_trainable(false);
  Tied cloned = nn::clone(original);
  CHECK(!(cloned.a.weight == original.a.weight));
  CHECK(cloned.a.weight == cloned.b.weight);
  CHECK(!cloned.a.bias.trainable());
  CHECK(cloned.a.weight.value().to_vector() == original.a.weight.value().to_vector());
  cloned.a.weight.assign(zeros({2, 2}));
  CHECK(original.a.weight.value().to_vector() != std::vector<double>(4, 0));
}

TEST_CASE("freezing keeps derivatives out of parameters") {
  Classifier model;
  model.hidden.set_trainable(false);
  CHECK(model.trainable_parameters().size() == 2);
  const Tensor loss = sum(model(ones({5, 4})));
  CHECK_THROWS_AS(grad(loss, model.parameters()), GraphError);
  CHECK(grad(loss, model.trainable_parameters()).size() == 2);
  model.set_trainable(true);
  CHECK(grad(sum(model(ones({5, 4}))), model.parameters()).size() == 4);
}

TEST_CASE("accumulated gradients are forgotten on request") {
  Classifier model;
  backward(sum(model(ones({5, 4}))));
  CHECK(model.output.bias.gradient().to_vector() == std::vector<double>{5, 5});
  model.zero_gradients();
  CHECK(!model.output.bias.gradient().defined());
}

TEST_CASE("training and evaluation reach the modules inside") {
  Everything module;
  CHECK(module.dropout->training());
  module.eval();
  CHECK(!module.training());
  CHECK(!module.dropout->training());
  CHECK(!module.inner.hidden.training());
  module.train();
  CHECK(module.dropout->training());
}

TEST_CASE("modules and buffers are found by their names") {
  Everything module;
  CHECK(&module.module("inner.hidden") == &module.inner.hidden);
  CHECK(module.module<nn::Linear>("layers.1").weight == module.layers[1].weight);
  CHECK(&module.module("") == &module);
  CHECK_THROWS_WITH(module.module("inner.hiden"), Catch::Contains("Everything has no module named inner.hiden") &&
                                                      Catch::Contains("module_test.cpp"));
  CHECK_THROWS_WITH(module.module<nn::Dropout>("inner"), Catch::Contains("another type, Classifier"));
  CHECK(names(module.named_modules()) ==
        std::vector<std::string>{"", "inner", "inner.hidden", "inner.output", "layers.0", "layers.1", "dropout"});
  CHECK(names(module.named_buffers()) == std::vector<std::string>{"mean"});
}

TEST_CASE("Parameters are found by patterns, each once, tied ones by any of their names") {
  const Everything module;
  CHECK(names(module.named_parameters("*.bias")) ==
        std::vector<std::string>{"inner.hidden.bias", "inner.output.bias", "layers.1.bias"});
  CHECK(names(module.named_parameters("layers.?.weight")) ==
        std::vector<std::string>{"layers.0.weight", "layers.1.weight"});
  CHECK(module.parameters("*") == module.parameters());
  CHECK(module.parameters("shared") == std::vector<Parameter>{module.inner.hidden.weight});
  CHECK(module.shared.name() == "inner.hidden.weight");
  CHECK_THROWS_WITH(module.parameters("layers.2.*"),
                    Catch::Contains("no Parameter is named like layers.2.*") && Catch::Contains("module_test.cpp"));
}

TEST_CASE("Parameters are frozen by pattern") {
  Everything module;
  module.set_trainable("inner.*", false);
  CHECK(module.trainable_parameters().size() == 5);
  CHECK_FALSE(module.shared.trainable());
  module.set_trainable("shared", true);
  CHECK(module.inner.hidden.weight.trainable());
  CHECK_FALSE(module.inner.hidden.bias.trainable());
  CHECK_THROWS_WITH(module.set_trainable("inner", false), Catch::Contains("no Parameter is named like inner"));
  CHECK(module.trainable_parameters().size() == 6);
}

TEST_CASE("a function is applied to every module, or to those of a type") {
  Everything module;
  std::vector<std::string> seen;
  module.apply([&](const std::string& name, nn::Module& each) { seen.push_back(name + ":" + each.type_name()); });
  CHECK(seen.front() == ":Everything");
  CHECK(seen.size() == 7);
  module.apply<nn::Linear>([](nn::Linear& layer) { layer.weight.assign(zeros(layer.weight.shape())); });
  CHECK(max(abs(module.inner.output.weight)).item() == 0);
  int count = 0;
  module.apply<nn::Dropout>([&](const std::string& name, nn::Dropout&) { count += name == "dropout"; });
  CHECK(count == 1);
}

TEST_CASE("a model is cast to float64 and back, its Parameters the same cells with the same ties") {
  Everything module;
  module.inner.output.bias.set_trainable(false);
  const auto before = module.state();
  backward(sum(module.inner(ones({2, 4}))));
  const Parameter weight = module.inner.hidden.weight;
  nn::to(module, float64);
  CHECK(weight.dtype() == float64);
  CHECK(module.shared == weight);
  CHECK_FALSE(weight.gradient().defined());
  CHECK(module.mean.dtype() == float64);
  CHECK_FALSE(module.inner.output.bias.trainable());
  CHECK(module.inner(ones({2, 4}, float64)).dtype() == float64);
  CHECK(grad(sum(module.inner(ones({2, 4}, float64))), weight).dtype() == float64);
  nn::to(module, float32);
  const auto after = module.state();
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(after[i].value.dtype() == before[i].value.dtype());
    CHECK(after[i].value.to_vector() == before[i].value.to_vector());
  }
  CHECK_THROWS_AS(nn::to(module, int64), DTypeError);
}

TEST_CASE("structures are equal where names, shapes and dtypes are, whatever the values and their order") {
  struct Other : nn::Module {
    nn::Linear output{3, 2}, hidden{4, 3};
    void visit(nn::Visitor& visitor) override { visitor("output", output), visitor("hidden", hidden); }
  };
  Classifier model;
  CHECK(nn::same_structure(model, Classifier()));
  CHECK(nn::same_structure(model, Other()));
  CHECK_FALSE(nn::same_structure(model, model.hidden));
  CHECK_FALSE(nn::same_structure(nn::Linear(2, 3), nn::Linear(3, 2)));
  CHECK_FALSE(nn::same_structure(nn::Linear(2, 3), nn::Linear(2, 3, {.bias = false})));
  CHECK_FALSE(nn::same_structure(nn::Linear(2, 3), nn::Linear(2, 3, {.dtype = float64})));
}

TEST_CASE("a module shown without a name gives its members to the one around it") {
  struct Around : nn::Module {
    Classifier inner;
    nn::Dropout dropout{0.5, Rng(1)};
    void visit(nn::Visitor& visitor) override { visitor(inner), visitor("dropout", dropout); }
  };
  struct Outer : nn::Module {
    Around around;
    void visit(nn::Visitor& visitor) override { visitor("around", around); }
  };
  Outer outer;
  CHECK(names(outer.named_parameters())[0] == "around.hidden.weight");
  CHECK(names(outer.named_modules()) ==
        std::vector<std::string>{"", "around", "around.hidden", "around.output", "around.dropout"});
  std::vector<std::string> applied;
  outer.apply([&](const std::string& name, nn::Module&) { applied.push_back(name); });
  CHECK(applied ==
        std::vector<std::string>{"", "around", "around", "around.hidden", "around.output", "around.dropout"});
  outer.eval();
  CHECK_FALSE(outer.around.inner.training());
  CHECK_FALSE(outer.around.inner.output.training());
}

TEST_CASE("a clone has buffers, lists and optional members of its own") {
  struct Held : nn::Module {
    Tensor count = zeros({1});
    std::vector<nn::Linear> layers;
    std::optional<nn::Linear> extra;
    void visit(nn::Visitor& visitor) override {
      visitor("count", count), visitor("layers", layers), visitor("extra", extra);
    }
  };
  Held held;
  held.layers.emplace_back(1, 1);
  held.extra.emplace(1, 1);
  const Held cloned = nn::clone(held);
  held.count = held.count + 1;
  for (const Parameter& parameter : held.parameters()) Parameter(parameter).assign(zeros(parameter.shape()) + 7);
  CHECK(cloned.count.item() == 0);
  CHECK(cloned.layers[0].weight.item() != 7);
  CHECK(cloned.extra->weight.item() != 7);
}

TEST_CASE("a module that occurs twice is one module with two names") {
  struct Twice : nn::Module {
    nn::Linear layer{2, 2};
    void visit(nn::Visitor& visitor) override { visitor("a", layer), visitor("b", layer); }
  };
  Twice twice;
  CHECK(names(twice.named_modules()) == std::vector<std::string>{"", "a"});
  CHECK(&twice.module("b") == &twice.layer);
  int count = 0;
  twice.apply<nn::Linear>([&](nn::Linear&) { ++count; });
  CHECK(count == 1);
  std::vector<std::string> called;
  twice.add_hook("*", [&](const std::string& name, const Tensor&) {
    called.push_back(name);
    return Tensor();
  });
  twice.layer(ones({1, 2}));
  CHECK(called == std::vector<std::string>{"a"});
}

TEST_CASE("an Optimizer takes the Parameters of a pattern, and groups of them") {
  Classifier model;
  model.set_trainable("hidden.*", false);
  const auto before = model.state();
  optim::Optimizer optimizer(model.named_parameters("output.*"), optim::sgd(0.1),
                             {.groups = {{.names = "*.bias", .rate = 0.0}}});
  const Tensor loss = sum(model(ones({5, 4})));
  optimizer.step(grad(loss, model.parameters("output.*")));
  CHECK(model.hidden.weight.value().to_vector() == before[0].value.to_vector());
  CHECK(model.output.weight.value().to_vector() != before[2].value.to_vector());
  CHECK(model.output.bias.value().to_vector() == before[3].value.to_vector());
}

}  // namespace module_test
