// What a module prints.

#include <catch2/catch.hpp>
#include <sstream>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"

namespace tree_test {

using namespace xgrad;

TEST_CASE("a module prints as a tree with the shapes of its parameters") {
  struct Classifier : nn::Module {
    nn::Linear hidden{4, 3}, output{3, 2};
    void visit(nn::Visitor& visitor) override { visitor("hidden", hidden), visitor("output", output); }
  };
  Classifier model;
  model.output.bias.set_trainable(false);
  std::ostringstream text;
  text << model;
  CHECK(text.str() ==
        "Classifier: 23 parameters\n"
        "  hidden: Linear  weight [3, 4], bias [3]\n"
        "  output: Linear  weight [2, 3], bias [2] frozen");
}

TEST_CASE("members that a module shows after a module inside it are printed as its own") {
  struct Model : nn::Module {
    nn::Linear first{2, 3};
    Parameter scale{ones({2})};
    std::vector<Parameter> shifts{Parameter(ones({1})), Parameter(ones({3}))};
    nn::Linear last{3, 1, {.bias = false}};
    void visit(nn::Visitor& visitor) override {
      visitor("first", first), visitor("scale", scale), visitor("shifts", shifts), visitor("last", last);
    }
  };
  CHECK(Model().to_string() ==
        "Model: 18 parameters\n"
        "  first: Linear  weight [3, 2], bias [3]\n"
        "  scale [2], shifts.0 [1], shifts.1 [3]\n"
        "  last: Linear  weight [1, 3]");
}

}  // namespace tree_test
