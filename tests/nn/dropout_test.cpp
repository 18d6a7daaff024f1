#include "nn/dropout.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "autograd/autograd.hpp"

using namespace xgrad;

TEST_CASE("Dropout keeps a fraction 1 - p, scaled so that the mean stays") {
  nn::Dropout dropout(0.25, Rng(4));
  const auto values = dropout(ones({100000}, float64)).to_vector();
  const auto kept = std::ranges::count(values, 1 / 0.75);
  CHECK(kept + std::ranges::count(values, 0) == 100000);
  CHECK(static_cast<double>(kept) / 100000 == Approx(0.75).margin(0.006));  // over four standard deviations
}

TEST_CASE("Dropout draws a new mask at every call, the same again from the same state") {
  nn::Dropout dropout(0.5, Rng(4));
  const Tensor x = ones({64});
  const auto state = dropout.state();
  const auto first = dropout(x).to_vector(), second = dropout(x).to_vector();
  CHECK(first != second);
  dropout.load_state(state);
  CHECK(dropout(x).to_vector() == first);
  CHECK(dropout(x).to_vector() == second);
}

TEST_CASE("the derivative of Dropout uses the mask of the value, in the second order, too") {
  nn::Dropout dropout(0.5, Rng(4));
  const Tensor x = track(full({64}, 3));
  const Tensor y = dropout(x);
  const Tensor g = grad(sum(y * y), x, {.create_graph = true});
  CHECK(g.to_vector() == (4 * y).to_vector());
  CHECK(grad(sum(g), x).to_vector() == (y * 4 / 3).to_vector());
}

TEST_CASE("Dropout is the identity in evaluation and for p = 0, and zero for p = 1, even of NaN") {
  const Tensor x = tensor({1.0, std::numeric_limits<double>::quiet_NaN()});
  nn::Dropout all(1);
  CHECK(all(x).to_vector() == std::vector<double>{0, 0});
  CHECK(nn::Dropout(0)(tensor({2.0})).item() == 2);
  nn::Dropout dropout(0.9);
  dropout.eval();
  CHECK(dropout(tensor({2.0})).item() == 2);
}

TEST_CASE("Dropout refuses a p that is no probability") {
  for (const double p : {-1.0, 2.0, 1.0000001, std::numeric_limits<double>::quiet_NaN()})
    CHECK_THROWS_AS(nn::Dropout(p), ValueError);
  CHECK_THROWS_AS(nn::Dropout(0.5)(tensor({1, 2})), DTypeError);
}
