#include "nn/sequential.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"

namespace sequential_test {

using namespace xgrad;

TEST_CASE("Sequential applies modules, functions and lambdas in turn, and names the modules by their place") {
  nn::Linear first(2, 3), last(3, 1);
  nn::Sequential model(
      first, relu, [](const Tensor& x) { return x * 2; }, last);
  const Tensor x = tensor({{1.0, -2.0}});
  CHECK(model(x).item() == last(relu(first(x)) * 2).item());
  CHECK(model.size() == 4);
  std::vector<std::string> names;
  for (const auto& [name, parameter] : model.named_parameters()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"0.weight", "0.bias", "3.weight", "3.bias"});
  CHECK(model.parameters()[0] == first.weight);
}

TEST_CASE("Sequential may be empty, nested and extended") {
  nn::Sequential model;
  CHECK(model(tensor({1.0, 2.0})).to_vector() == std::vector<double>{1, 2});
  model.add(nn::Sequential(nn::Linear(2, 2), xgrad::tanh)).add(nn::Linear(2, 1));
  CHECK(model.named_parameters()[0].name == "0.0.weight");
  CHECK(model(tensor({1.0, 2.0})).shape() == Shape{1});
}

TEST_CASE("a clone of a Sequential is independent, a copy shares its parameters") {
  const nn::Sequential model(nn::Linear(2, 2), sigmoid);
  const nn::Sequential copy = model;
  nn::Sequential cloned = nn::clone(model);
  CHECK(copy.parameters()[0] == model.parameters()[0]);
  CHECK(!(cloned.parameters()[0] == model.parameters()[0]));
  const Tensor x = tensor({1.0, 2.0});
  CHECK(cloned(x).to_vector() == model(x).to_vector());
  cloned = model;
  CHECK(cloned.parameters()[0] == model.parameters()[0]);
}

TEST_CASE("a reference to a module is no step: its Parameters would not be found") {
  STATIC_REQUIRE_FALSE(nn::SequentialStep<std::reference_wrapper<nn::Linear>>);
  STATIC_REQUIRE_FALSE(nn::SequentialStep<std::reference_wrapper<const nn::Linear>>);
  STATIC_REQUIRE(nn::SequentialStep<nn::Linear>);
  STATIC_REQUIRE(nn::SequentialStep<std::reference_wrapper<const std::function<Tensor(const Tensor&)>>>);
}

TEST_CASE("training mode reaches the steps of a Sequential") {
  nn::Sequential model(nn::Dropout(1, Rng(1)));
  CHECK(model(ones({3})).to_vector() == std::vector<double>(3, 0));
  model.eval();
  CHECK(model(ones({3})).to_vector() == std::vector<double>(3, 1));
}

TEST_CASE("an error in a step of a Sequential points at the caller") {
  const nn::Sequential model(nn::Linear(2, 2));
  CHECK_THROWS_WITH(model(zeros({3})),
                    Catch::Contains("Sequential: Linear: ") && Catch::Contains("sequential_test.cpp:"));
}

TEST_CASE("Sequential takes functions whose other arguments have defaults, and keeps those") {
  const Tensor x = tensor({{1.0, -2.0, 0.5}, {-30.0, 3.0, 25.0}}, float64);
  CHECK(nn::Sequential(gelu)(x).to_vector() == gelu(x, Gelu::exact).to_vector());
  CHECK(nn::Sequential(leaky_relu)(x).to_vector() == leaky_relu(x, 0.01).to_vector());
  CHECK(nn::Sequential(elu)(x).to_vector() == elu(x, 1).to_vector());
  CHECK(nn::Sequential(softplus)(x).to_vector() == softplus(x, 1, 20).to_vector());
  CHECK(nn::Sequential(softmax)(x).to_vector() == softmax(x, -1).to_vector());
  CHECK(nn::Sequential(log_softmax)(x).to_vector() == log_softmax(x, -1).to_vector());
  nn::Sequential model(nn::Linear(3, 4, {.dtype = float64}), nn::gelu, silu, nn::Linear(4, 2, {.dtype = float64}));
  model.add(nn::log_softmax);
  CHECK(sum(exp(model(x)), -1).to_vector()[0] == Approx(1));
  CHECK(nn::clone(model)(x).to_vector() == model(x).to_vector());
}

TEST_CASE("what would index a Tensor, or makes none, is no step of a Sequential") {
  STATIC_REQUIRE(nn::SequentialStep<decltype(gelu)>);
  STATIC_REQUIRE(nn::SequentialStep<nn::Linear>);
  STATIC_REQUIRE_FALSE(nn::SequentialStep<Tensor>);
  STATIC_REQUIRE_FALSE(nn::SequentialStep<Parameter>);
  STATIC_REQUIRE_FALSE(nn::SequentialStep<decltype([](const Tensor&) { return std::string(); })>);
}

TEST_CASE("the steps of a Sequential can be had, those of one inside it, too") {
  nn::Linear tied(2, 2);
  nn::Sequential model(tied, gelu, nn::Sequential(nn::Linear(2, 3), nn::Dropout(0.25, Rng(1))));
  CHECK(model.step<nn::Linear>(0).weight == tied.weight);
  CHECK(std::as_const(model).step<nn::Sequential>(2).step<nn::Dropout>(1).p() == 0.25);
  CHECK(model.module<nn::Linear>("2.0").weight.shape() == Shape{3, 2});
  CHECK(model.step(1)(tensor({1.0})).item() == gelu(tensor({1.0})).item());
  CHECK_FALSE(model.step(1).module());
  CHECK(model.step(2).module()->type_name() == "Sequential");
  model.step(0) = nn::Linear(2, 2, {.bias = false});
  CHECK_FALSE(model.step<nn::Linear>(0).bias.defined());
  CHECK_THROWS_WITH(model.step(3), Catch::Contains("no step 3 of 3") && Catch::Contains("sequential_test.cpp"));
  CHECK_THROWS_WITH(model.step<nn::Linear>(2), Catch::Contains("another type, Sequential"));
  CHECK_THROWS_AS(model.step<nn::Linear>(1), ValueError);
}

TEST_CASE("a list of steps is shown, called and cloned like any list of modules") {
  struct Net : nn::Module {
    std::vector<nn::Step> blocks{nn::Linear(2, 3), relu, nn::Sequential(nn::Linear(3, 1))};
    Tensor operator()(const Tensor& x) const {
      Tensor y = x;
      for (const nn::Step& block : blocks) y = block(y);
      return y;
    }
    void visit(nn::Visitor& visitor) override { visitor("blocks", blocks); }
  };
  Net net;
  CHECK(net.named_parameters()[0].name == "blocks.0.weight");
  CHECK(net.named_parameters()[2].name == "blocks.2.0.weight");
  const Tensor x = tensor({1.0, 2.0});
  const Net cloned = nn::clone(net);
  CHECK(cloned(x).item() == net(x).item());
  CHECK_FALSE(cloned.parameters()[0] == net.parameters()[0]);
  CHECK(nn::summary(net, x).lines[1].outputs == std::vector<Shape>{{3}});
}

}  // namespace sequential_test
