#include "nn/dropout.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "tests/throws.hpp"

namespace dropout_test {

using namespace xgrad;

TEST_CASE("dropout as a function is what a Dropout does in training, from the same stream") {
  const Tensor x = arange(1, 1001, 1, float64);
  for (const double p : {0.0, 0.3, 1.0}) {
    Rng rng(7);
    const nn::Dropout layer(p, Rng(7));
    CHECK(nn::dropout(x, p, rng).to_vector() == layer(x).to_vector());
    CHECK(nn::dropout(x, p, rng).to_vector() == layer(x).to_vector());  // the next mask
  }
  CHECK_THROWS_AS(nn::dropout(x, 1.5), ValueError);
  CHECK_THROWS_AS(nn::dropout(arange(3), 0.5), DTypeError);
}

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

namespace {

/// How many of the channels of y, made of ones, are dropped; every channel is one number throughout.
std::int64_t dropped_channels(const Tensor& y, std::int64_t channels, double kept) {
  const auto values = y.to_vector();
  const std::size_t each = values.size() / static_cast<std::size_t>(channels);
  std::int64_t dropped = 0;
  for (std::size_t first = 0; first < values.size(); first += each) {
    CHECK((values[first] == 0 || values[first] == kept));
    CHECK(static_cast<std::size_t>(std::count(&values[first], &values[first] + each, values[first])) == each);
    dropped += values[first] == 0;
  }
  return dropped;
}

}  // namespace

TEST_CASE("Dropout1d, 2d and 3d keep or drop whole channels, with a batch axis or without") {
  nn::Dropout1d one(0.25, Rng(1));
  nn::Dropout2d two(0.25, Rng(2));
  nn::Dropout3d three(0.25, Rng(3));
  const double kept = 1 / 0.75;
  CHECK(dropped_channels(one(ones({20, 50, 3}, float64)), 1000, kept) == Approx(250).margin(60));
  CHECK(dropped_channels(one(ones({1000, 3}, float64)), 1000, kept) == Approx(250).margin(60));
  CHECK(dropped_channels(two(ones({20, 50, 1, 3}, float64)), 1000, kept) == Approx(250).margin(60));
  CHECK(dropped_channels(two(ones({1000, 3, 2}, float64)), 1000, kept) == Approx(250).margin(60));
  CHECK(dropped_channels(three(ones({20, 50, 1, 3, 2}, float64)), 1000, kept) == Approx(250).margin(60));
  CHECK(dropped_channels(three(ones({1000, 3, 2, 1}, float64)), 1000, kept) == Approx(250).margin(60));
  CHECK(two(zeros({0, 3, 4, 4})).shape() == Shape{0, 3, 4, 4});
  two.eval();
  CHECK(two(ones({2, 2, 2})).to_vector() == std::vector<double>(8, 1));
  throws<ShapeError>("Dropout1d: needs 2 or 3 axes, got [3] f32").by([&] { one(ones({3})); });
  throws<ShapeError>("Dropout2d: needs 3 or 4 axes, got [3, 2] f32").by([&] { two(ones({3, 2})); });
  throws<ShapeError>("Dropout3d: needs 4 or 5 axes, got [3, 2, 1] f32").by([&] { three(ones({3, 2, 1})); });
  throws<DTypeError>("Dropout2d: needs a floating dtype, got [3, 2, 1] i64").by([&] { two(ones({3, 2, 1}, int64)); });
  CHECK(two.state().size() == 1);
  CHECK(two.type_name() == "Dropout2d");
}

TEST_CASE("the derivative of Dropout2d uses the mask of the value") {
  nn::Dropout2d dropout(0.5, Rng(4));
  const Tensor x = track(full({8, 4, 3, 3}, 3));
  const Tensor y = dropout(x);
  CHECK(grad(sum(y * y), x).to_vector() == (4 * y).to_vector());
}

TEST_CASE("AlphaDropout keeps mean and variance") {
  nn::AlphaDropout dropout(0.3, Rng(1));
  Rng rng(2);
  const Tensor x = normal({100000}, rng, 0, 1, float64), y = dropout(x);
  CHECK(mean(y).item() == Approx(0).margin(0.02));
  CHECK(var(y).item() == Approx(1).margin(0.03));
  // What is dropped is selu's limit, before both are scaled and moved.
  const double m = -1.7580993408473766, a = 1 / std::sqrt(0.7 * (1 + 0.3 * m * m)), b = -a * 0.3 * m;
  const auto before = x.to_vector(), after = y.to_vector();
  std::int64_t dropped = 0, wrong = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    const bool gone = std::abs(after[i] - (a * m + b)) < 1e-12;
    wrong += !gone && std::abs(after[i] - (a * before[i] + b)) > 1e-12;
    dropped += gone;
  }
  CHECK(wrong == 0);
  CHECK(static_cast<double>(dropped) / 100000 == Approx(0.3).margin(0.006));
  dropout.eval();
  CHECK(dropout(x).to_vector() == before);
}

TEST_CASE("FeatureAlphaDropout keeps or drops whole channels, and p = 1 gives zeros") {
  nn::FeatureAlphaDropout dropout(0.5, Rng(1));
  const Tensor y = dropout(ones({10, 20, 3, 2}, float64));
  const auto spread = (max(y, {2, 3}) - min(y, {2, 3})).to_vector();
  CHECK(std::ranges::count(spread, 0.0) == 200);
  const auto lowest = min(y, {2, 3}).to_vector();
  CHECK(static_cast<double>(std::ranges::count_if(lowest, [](double v) { return v < 0; })) == Approx(100).margin(30));
  CHECK(nn::FeatureAlphaDropout(1)(ones({2, 2})).to_vector() == std::vector<double>(4, 0));
  CHECK(nn::AlphaDropout(1)(ones({2})).to_vector() == std::vector<double>(2, 0));
  CHECK(nn::AlphaDropout(0)(ones({2})).to_vector() == std::vector<double>(2, 1));
  CHECK_THROWS_AS(dropout(ones({3})), ShapeError);
  CHECK_THROWS_AS(nn::AlphaDropout(2), ValueError);
  CHECK_THROWS_AS(nn::AlphaDropout()(ones({2}, int64)), DTypeError);
}

}  // namespace dropout_test
