#include "optim/hyperparameter.hpp"

#include <catch2/catch.hpp>

#include "autograd/check/matcher.hpp"
#include "tests/optim/problems.hpp"

namespace hyperparameter_test {

using namespace xgrad;
using namespace xgrad::optim;

TEST_CASE("arithmetic of numbers stays in double precision, that with Tensors is recorded") {
  const Scalar number = sqrt(1 - pow(Scalar(0.5), 2)) / 3 + 1 * 2;
  CHECK(number.is_number());
  CHECK(number.item() == std::sqrt(0.75) / 3 + 2);
  const auto f = [](const Tensor& a, const Tensor& b) {
    const Scalar x(a), y(b);
    return (pow(x, y) - sqrt(y) / x + -x * 3 + pow(x, 2)).tensor(float64);
  };
  CHECK_THAT(f, DifferentiatesCorrectly({f64(1.3), f64(0.7)}).order(2));
}

TEST_CASE("a Scalar takes the dtype of the Tensor beside it; two meet in float64") {
  const Scalar wide(f64(0.5)), narrow(tensor(0.25));
  CHECK((ones({2}) * wide).dtype() == float32);
  CHECK((ones({2}, float64) + narrow).dtype() == float64);
  CHECK((wide * narrow).tensor(float64).item() == 0.125);
  CHECK(wide.spread_like(zeros({3})).to_vector() == std::vector<double>(3, 0.5));
  CHECK(Scalar(2).spread_like(zeros({1}, float64)).dtype() == float64);
}

TEST_CASE("a hyperparameter is a number, a Tensor, a Parameter or a schedule") {
  CHECK(Hyperparameter(2).at(5).item() == 2);
  CHECK(Hyperparameter(f64({0.5})).at(5).item() == 0.5);
  Parameter parameter(f64(0.25));
  const Hyperparameter read(parameter);
  parameter.assign(f64(0.75));
  CHECK(read.at(0).item() == 0.75);
  CHECK(Hyperparameter(Schedule([](std::int64_t step) { return 0.5 * static_cast<double>(step); })).at(5).item() ==
        2.5);
  CHECK(Hyperparameter(Schedule([=](std::int64_t) { return parameter; })).at(5).item() == 0.75);
  CHECK_THROWS_AS(Hyperparameter(f64({1, 2})), ShapeError);
  CHECK_THROWS_AS(Hyperparameter(tensor(3)), DTypeError);
  CHECK_THROWS_AS(Hyperparameter(Parameter()), GraphError);
}

TEST_CASE("a Tensor is no schedule and no rule, though it can be called with an index") {
  STATIC_REQUIRE_FALSE(std::convertible_to<Tensor, Schedule>);
  STATIC_REQUIRE_FALSE(std::convertible_to<Parameter, Schedule>);
  STATIC_REQUIRE_FALSE(std::convertible_to<Tensor, Transformation>);
  STATIC_REQUIRE_FALSE(std::convertible_to<Parameter, Transformation>);
}

}  // namespace hyperparameter_test
