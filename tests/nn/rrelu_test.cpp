#include "nn/rrelu.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "autograd/autograd.hpp"

namespace rrelu_test {

using namespace xgrad;

TEST_CASE("RReLU draws the slope of each negative element in training") {
  nn::RReLU rrelu(0.1, 0.4, Rng(6));
  const auto slopes = rrelu(full({50000}, -1.0, float64)).to_vector();
  double total = 0;
  for (const double slope : slopes) total -= slope;
  CHECK(-*std::ranges::max_element(slopes) >= 0.1);
  CHECK(-*std::ranges::min_element(slopes) < 0.4);
  CHECK(total / 50000 == Approx(0.25).margin(0.002));  // five standard deviations
  CHECK(rrelu(tensor({3.0, 0.0})).to_vector() == std::vector<double>{3, 0});
}

TEST_CASE("RReLU takes the mean slope in evaluation") {
  nn::RReLU rrelu(0.1, 0.4, Rng(6));
  rrelu.eval();
  CHECK(rrelu(tensor({-4.0, 2.0, 0.0}, float64)).to_vector() == std::vector<double>{-1, 2, 0});
  CHECK(rrelu(ones({0, 2})).shape() == Shape{0, 2});
}

TEST_CASE("the derivative of RReLU is the slope that was drawn, and its state brings the draws back") {
  nn::RReLU rrelu(0.1, 0.4, Rng(6));
  const auto state = rrelu.state();
  const Tensor x = track(full({40}, -2.0, float64));
  const Tensor y = rrelu(x);
  const Tensor slope = y / -2;
  CHECK(grad(sum(y), x).to_vector() == slope.to_vector());
  CHECK(rrelu(x).to_vector() != y.to_vector());
  rrelu.load_state(state);
  CHECK(rrelu(x).to_vector() == y.to_vector());
}

TEST_CASE("RReLU refuses what makes no sense, and hides no NaN") {
  CHECK_THROWS_AS(nn::RReLU(0.4, 0.1), ValueError);
  CHECK_THROWS_AS(nn::RReLU(0, std::numeric_limits<double>::infinity()), ValueError);
  nn::RReLU rrelu;
  CHECK_THROWS_AS(rrelu(tensor({1, 2})), DTypeError);
  const Tensor x = track(tensor({std::numeric_limits<double>::quiet_NaN()}));
  CHECK(std::isnan(rrelu(x).item()));
  CHECK(std::isnan(grad(rrelu(x), x).item()));
}

}  // namespace rrelu_test
