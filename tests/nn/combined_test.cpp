// Identity, Lambda, Residual and Parallel.

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "nn/nn.hpp"

namespace combined_test {

using namespace xgrad;

namespace {
std::vector<std::string> names(const nn::Module& module) {
  std::vector<std::string> found;
  for (const auto& item : module.state()) found.push_back(item.name);
  return found;
}
using Names = std::vector<std::string>;
const Tensor x = tensor({{1.0, -2.0}, {0.5, 3.0}, {0.25, -1.0}}, float64);
constexpr nn::LinearOptions f64{.dtype = float64};
}  // namespace

TEST_CASE("Identity gives what it takes, and Lambda what its function makes of it") {
  CHECK(nn::Identity()(x).to_vector() == x.to_vector());
  CHECK(names(nn::Identity()).empty());
  CHECK(nn::Lambda(gelu)(x).to_vector() == gelu(x).to_vector());
  nn::Lambda twice([](const Tensor& t) { return 2 * t; });
  CHECK(nn::clone(twice)(x).to_vector() == (2 * x).to_vector());
  CHECK(nn::ModuleMap{{"twice", twice}}.at<nn::Lambda>("twice")(x).to_vector() == (2 * x).to_vector());
  CHECK(nn::Identity()(zeros({0, 2})).shape() == Shape{0, 2});
}

TEST_CASE("Residual adds what its steps make, of modules, functions and lambdas") {
  nn::Linear first(2, 3, f64), last(3, 2, f64);
  nn::Residual residual(first, xgrad::tanh, last);
  CHECK(residual(x).to_vector() == (x + last(tanh(first(x)))).to_vector());
  CHECK(names(residual) == Names{"0.weight", "0.bias", "2.weight", "2.bias"});
  CHECK(nn::Residual(nn::Identity(), nn::Residual(first, last))(x).to_vector() ==
        (x + (x + last(first(x)))).to_vector());
  CHECK(residual.step<nn::Linear>(0).weight == first.weight);
  CHECK(residual(zeros({0, 2}, float64)).shape() == Shape{0, 2});
  CHECK_THAT(residual, DifferentiatesCorrectly(x).order(2));
  CHECK_THROWS_WITH(nn::Residual(first)(x), Catch::Contains("Residual: the steps make [3, 3] f64 of [3, 2] f64") &&
                                                Catch::Contains("combined_test.cpp"));
  // What would broadcast is an error, too.
  CHECK_THROWS_AS(nn::Residual([](const Tensor& t) { return sum(t, 0, keep_dims); })(x), ShapeError);
}

TEST_CASE("Parallel joins its branches, by concat or by sum") {
  nn::Linear narrow(2, 1, f64), wide(2, 3, f64), same(2, 2, f64);
  const nn::Parallel joined({}, narrow, nn::Sequential(wide, xgrad::tanh), nn::Identity());
  CHECK(joined(x).shape() == Shape{3, 6});
  CHECK(joined(x).to_vector() == concat({narrow(x), tanh(wide(x)), x}, 1).to_vector());
  CHECK(names(joined) == Names{"0.weight", "0.bias", "1.0.weight", "1.0.bias"});
  const nn::Parallel below({.axis = 0}, same, nn::Identity());
  CHECK(below(x).shape() == Shape{6, 2});
  const nn::Parallel added(
      {.join = nn::Join::sum}, same, [](const Tensor& t) { return t * t; }, nn::Identity());
  CHECK(added(x).to_vector() == (same(x) + x * x + x).to_vector());
  CHECK_THAT(joined, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT(added, DifferentiatesCorrectly(x).order(2));
}

TEST_CASE("branches of a Parallel that do not fit are errors") {
  using Catch::Contains;
  CHECK_THROWS_WITH(nn::Parallel({.join = nn::Join::sum}, nn::Linear(2, 1, f64), nn::Identity())(x),
                    Contains("branch 0 makes [3, 1] f64, branch 1 [3, 2] f64") && Contains("combined_test.cpp"));
  CHECK_THROWS_AS(nn::Parallel({.axis = 0}, nn::Linear(2, 1, f64), nn::Identity())(x), ShapeError);
  CHECK_THROWS_AS(nn::Parallel({.axis = 2}, nn::Identity())(x), AxisError);
  CHECK_THROWS_AS(nn::Parallel({})(x), ValueError);
}

TEST_CASE("training mode, hooks and clones reach the steps of Residual and Parallel") {
  nn::Parallel model({.join = nn::Join::sum}, nn::Residual(nn::Dropout(0.5, Rng(1))), nn::Linear(2, 2, f64));
  model.eval();
  CHECK_FALSE(model.step<nn::Residual>(0).step<nn::Dropout>(0).training());
  Names called;
  model.add_hook("*", [&](const std::string& name, const Tensor&) {
    called.push_back(name);
    return Tensor();
  });
  model(x);
  CHECK(called == Names{"0.0", "0", "1", ""});
  const auto cloned = nn::clone(model);
  CHECK_FALSE(cloned.step<nn::Linear>(1).weight == model.step<nn::Linear>(1).weight);
}

}  // namespace combined_test
