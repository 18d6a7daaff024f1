#include "nn/embedding_bag.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "nn/nn.hpp"
#include "tests/throws.hpp"

namespace embedding_bag_test {

using namespace xgrad;

namespace {
using Values = std::vector<double>;
using nn::BagMode;
const Tensor weight = tensor({{1.0, -2.0}, {3.0, 4.0}, {6.0, -8.0}, {0.5, 1.0}}, float64);
const Tensor bags = tensor({{0, 2, 0}, {1, 3, 1}}), list = tensor({0, 2, 0, 1, 3, 1}), offsets = tensor({0, 3, 3, 5});
nn::EmbeddingBag bag(BagMode mode, std::optional<std::int64_t> padding = {}) {
  return nn::EmbeddingBag(weight, {.mode = mode, .padding_index = padding});
}
}  // namespace

TEST_CASE("an EmbeddingBag makes the sum, mean or maximum of the rows of each bag") {
  CHECK(bag(BagMode::sum)(bags).to_vector() == Values{8, -12, 6.5, 9});
  CHECK(bag(BagMode::mean)(bags).to_vector() == Values{8.0 / 3, -4, 6.5 / 3, 3});
  CHECK(bag(BagMode::max)(bags).to_vector() == Values{6, -2, 3, 4});
  CHECK(bag(BagMode::sum).in_bags(list, offsets).to_vector() == Values{8, -12, 0, 0, 3.5, 5, 3, 4});
  CHECK(bag(BagMode::mean).in_bags(list, offsets).to_vector() == Values{8.0 / 3, -4, 0, 0, 1.75, 2.5, 3, 4});
  CHECK(bag(BagMode::max).in_bags(list, offsets).to_vector() == Values{6, -2, 0, 0, 3, 4, 3, 4});
  CHECK(nn::EmbeddingBag(weight)(bags).to_vector() == bag(BagMode::mean)(bags).to_vector());
  CHECK(bag(BagMode::sum).state()[0].name == "weight");
}

TEST_CASE("indices of padding are left out of their bags") {
  CHECK(bag(BagMode::sum, 0)(bags).to_vector() == Values{6, -8, 6.5, 9});
  CHECK(bag(BagMode::mean, -4)(bags).to_vector() == Values{6, -8, 6.5 / 3, 3});
  CHECK(bag(BagMode::max, 0)(bags).to_vector() == Values{6, -8, 3, 4});
  const Tensor nothing = tensor({{0, 0}, {0, 1}});
  for (const BagMode mode : {BagMode::sum, BagMode::mean, BagMode::max}) {
    CHECK(bag(mode, 0)(nothing).to_vector() == Values{0, 0, 3, 4});
    CHECK(bag(mode, 0).in_bags(tensor({0, 0, 1}), tensor({0, 2})).to_vector() == Values{0, 0, 3, 4});
    CHECK(bag(mode, 0).in_bags(list, offsets).to_vector() ==
          bag(mode).in_bags(tensor({2, 1, 3, 1}), tensor({0, 1, 1, 3})).to_vector());
    const nn::EmbeddingBag padded = bag(mode, 0);
    CHECK(max(abs(grad(sum(padded(bags)), padded.table.weight)(0))).item() == 0);
  }
}

TEST_CASE("an EmbeddingBag has derivatives of every order by rows and weights") {
  const Tensor factors = tensor({{0.5, -1.0, 2.0}, {1.0, 3.0, 0.25}}, float64);
  for (const BagMode mode : {BagMode::sum, BagMode::mean, BagMode::max}) {
    nn::EmbeddingBag layer = bag(mode, 1);
    const auto f = [&](const Tensor& w) { return pow(nn::functional_call(layer, {w}, bags), 3); };
    CHECK_THAT(f, DifferentiatesCorrectly(weight).order(2));
    const auto g = [&](const Tensor& w) {
      const auto substitution = nn::substitute(layer, {w});
      return pow(layer.in_bags(list, offsets), 3);
    };
    CHECK_THAT(g, DifferentiatesCorrectly(weight).order(2));
  }
  nn::EmbeddingBag layer = bag(BagMode::sum);
  CHECK(layer(bags, factors).to_vector() == Values{1 * 2.5 - 6, -2 * 2.5 + 8, 3 * 1.25 + 1.5, 4 * 1.25 + 3});
  CHECK(layer.in_bags(list, tensor({0, 3}), flatten(factors)).to_vector() == layer(bags, factors).to_vector());
  const auto h = [&](const Tensor& w, const Tensor& by) { return pow(nn::functional_call(layer, {w}, bags, by), 3); };
  CHECK_THAT(h, DifferentiatesCorrectly({weight, factors}).order(2));
}

TEST_CASE("bags may be empty, and there may be none") {
  for (const BagMode mode : {BagMode::sum, BagMode::mean, BagMode::max}) {
    CHECK(bag(mode)(zeros({2, 0}, int64)).to_vector() == Values(4, 0));
    CHECK(bag(mode)(zeros({0, 3}, int64)).shape() == Shape{0, 2});
    CHECK(bag(mode).in_bags(zeros({0}, int64), zeros({2}, int64)).to_vector() == Values(4, 0));
    CHECK(bag(mode).in_bags(zeros({0}, int64), zeros({0}, int64)).shape() == Shape{0, 2});
    const nn::EmbeddingBag layer = bag(mode);
    CHECK(grad(sum(layer.in_bags(zeros({0}, int64), zeros({2}, int64))), layer.table.weight).to_vector() ==
          zeros_like(layer.table.weight).to_vector());
    CHECK(grad(sum(layer(zeros({2, 0}, int64))), layer.table.weight).to_vector() ==
          zeros_like(layer.table.weight).to_vector());
  }
}

TEST_CASE("what does not fit an EmbeddingBag is an error") {
  const nn::EmbeddingBag layer = bag(BagMode::mean);
  throws<ShapeError>("EmbeddingBag: needs an index of two axes, got [6] i64; bags with offsets go by in_bags").by([&] {
    layer(list);
  });
  throws<ValueError>("EmbeddingBag: there are weights for sums only").by([&] { layer(bags, zeros({2, 3}, float64)); });
  throws<ValueError>("EmbeddingBag: offsets begin with 0, do not descend, and are at most 6").by([&] {
    layer.in_bags(list, tensor({1, 3}));
  });
  CHECK_THROWS_AS(layer.in_bags(list, tensor({0, 4, 3})), ValueError);
  CHECK_THROWS_AS(layer.in_bags(list, tensor({0, 7})), ValueError);
  CHECK_THROWS_AS(layer.in_bags(list, zeros({0}, int64)), ValueError);
  CHECK_THROWS_AS(layer.in_bags(list, tensor({0.0})), DTypeError);
  CHECK_THROWS_AS(layer.in_bags(bags, offsets), ShapeError);
  CHECK_THROWS_AS(bag(BagMode::sum)(bags, zeros({3, 2}, float64)), ShapeError);
  CHECK_THROWS_AS(layer(tensor({{4}})), IndexError);
  CHECK_THROWS_AS(layer(zeros({1, 1})), DTypeError);
  CHECK_THROWS_AS(nn::EmbeddingBag(0, 2), ValueError);
}

}  // namespace embedding_bag_test
