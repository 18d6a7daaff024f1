#include "nn/containers.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"

namespace containers_test {

using namespace xgrad;

namespace {
std::vector<std::string> names(const nn::Module& module) {
  std::vector<std::string> found;
  for (const auto& item : module.state()) found.push_back(item.name);
  return found;
}
using Names = std::vector<std::string>;
const Tensor x = tensor({1.0, 2.0});
}  // namespace

TEST_CASE("a ModuleList holds modules of any types, named by their place") {
  nn::ModuleList list(nn::Linear(2, 3), nn::Dropout(0.5, Rng(1)),
                      nn::Sequential(nn::Linear(3, 1, {.bias = false}), relu));
  list.add(nn::ModuleList(nn::Linear(1, 1)));
  CHECK(list.size() == 4);
  CHECK(names(list) == Names{"0.weight", "0.bias", "1.rng", "2.0.weight", "3.0.weight", "3.0.bias"});
  CHECK(list.at<nn::Linear>(0)(x).shape() == Shape{3});
  CHECK(list.at<nn::ModuleList>(3).at<nn::Linear>(0).weight.numel() == 1);
  CHECK(list.at(1).type_name() == "Dropout");
  list.eval();
  CHECK_FALSE(list.at(1).training());
  CHECK_THROWS_WITH(list.at(4), Catch::Contains("no module 4 of 4") && Catch::Contains("containers_test.cpp"));
  CHECK_THROWS_WITH(list.at<nn::Linear>(1), Catch::Contains("of another type, Dropout"));
  CHECK(names(nn::ModuleList()).empty());
}

TEST_CASE("a ModuleMap holds modules of any types, named by their keys") {
  nn::ModuleMap map{{"class", nn::Linear(2, 3)}, {"box", nn::Sequential(nn::Linear(2, 4), relu)}};
  map.add("also", nn::Dropout(0.1, Rng(1)));
  CHECK(map.keys() == Names{"class", "box", "also"});
  CHECK(names(map) == Names{"class.weight", "class.bias", "box.0.weight", "box.0.bias", "also.rng"});
  CHECK(map.at<nn::Sequential>("box")(x).shape() == Shape{4});
  CHECK(map.contains("class"));
  CHECK_FALSE(map.contains("clas"));
  CHECK_THROWS_WITH(map.at("clas"), Catch::Contains("no module clas"));
  CHECK_THROWS_AS(map.at<nn::Linear>("also"), ValueError);
  CHECK_THROWS_WITH(map.add("box", nn::Linear(1, 1)), Catch::Contains("already"));
  CHECK_THROWS_AS(map.add("a.b", nn::Linear(1, 1)), ValueError);
  CHECK_THROWS_AS(map.add("", nn::Linear(1, 1)), ValueError);
  CHECK_THROWS_AS(map.add("none", {}), ValueError);
}

TEST_CASE("copies of lists and maps of modules share Parameters, clones do not") {
  const nn::ModuleMap map{{"list", nn::ModuleList(nn::Linear(2, 3), nn::Linear(3, 2))}, {"other", nn::Linear(2, 2)}};
  const nn::ModuleMap copy = map;
  nn::ModuleMap cloned = nn::clone(map);
  CHECK(copy.parameters() == map.parameters());
  CHECK(cloned.parameters().size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK_FALSE(cloned.parameters()[i] == map.parameters()[i]);
    CHECK(cloned.parameters()[i].value().to_vector() == map.parameters()[i].value().to_vector());
  }
  cloned.at("other").eval();
  CHECK(map.at<nn::Linear>("other").training());
}

TEST_CASE("an Owned holds a module of any derived type by value") {
  struct Holder : nn::Module {
    nn::Owned<nn::Module> step = nn::Linear(2, 2), nothing;
    std::map<std::string, nn::Linear> map;
    void visit(nn::Visitor& visitor) override {
      visitor("step", step), visitor("nothing", nothing), visitor("map", map);
    }
  };
  Holder holder;
  holder.map.emplace("b", nn::Linear(1, 1));
  holder.map.emplace("a", nn::Linear(1, 1, {.bias = false}));
  CHECK(names(holder) == Names{"step.weight", "step.bias", "map.a.weight", "map.b.weight", "map.b.bias"});
  REQUIRE(holder.step.as<nn::Linear>());
  CHECK_FALSE(holder.step.as<nn::Sequential>());
  CHECK_FALSE(holder.nothing.as<nn::Linear>());
  const Holder cloned = nn::clone(holder);
  CHECK_FALSE(cloned.step.as<nn::Linear>()->weight == holder.step.as<nn::Linear>()->weight);
  holder.step = nn::Dropout();
  CHECK_FALSE(holder.step.as<nn::Linear>());
  CHECK(cloned.step.as<nn::Linear>());
  STATIC_REQUIRE_FALSE(std::convertible_to<nn::Module, nn::Owned<nn::Module>>);
}

}  // namespace containers_test
