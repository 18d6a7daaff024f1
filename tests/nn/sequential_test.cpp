#include "nn/sequential.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"

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
