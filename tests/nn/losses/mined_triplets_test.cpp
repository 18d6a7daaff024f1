#include "nn/losses/mined_triplets.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"

namespace mined_triplets_test {

using namespace xgrad;
using nn::Mining;
using nn::Reduction;

namespace {

// On a line, so that the distances can be read: 0 and 1 of class 7, 3 and 10 of class 8.
const Tensor& points() {
  static const Tensor x = tensor({{0.0}, {1.0}, {3.0}, {10.0}}, float64);
  return x;
}
const Tensor& classes() {
  static const Tensor y = tensor({7, 7, 8, 8});
  return y;
}
std::vector<double> losses(Mining mining, double margin) {
  return nn::mined_triplet_loss(points(), classes(), {.mining = mining, .margin = margin, .reduction = Reduction::none})
      .to_vector();
}

}  // namespace

TEST_CASE("the hardest triplet of each anchor is its farthest positive and its nearest negative") {
  CHECK(losses(Mining::hard, 2) == std::vector<double>{0, 1, 7 - 2 + 2, 7 - 9 + 2});
  CHECK(nn::mined_triplet_loss(points(), classes(), {.mining = Mining::hard, .margin = 2}).item() == 2);
}

TEST_CASE("a semi-hard negative is farther than the positive, if there is one") {
  const auto pairs = losses(Mining::semi_hard, 2);
  REQUIRE(pairs.size() == 16);
  CHECK(pairs[0 * 4 + 1] == 0);                 // 1 against 3
  CHECK(pairs[1 * 4 + 0] == 1);                 // 1 against 2
  CHECK(pairs[2 * 4 + 3] == 7 - 3 + 2);         // 7, and no negative is farther than 3
  CHECK(pairs[3 * 4 + 2] == 7 - 9 + 2);         // 7 against 9
  CHECK(pairs[0 * 4 + 2] + pairs[0 * 4] == 0);  // no pairs
  CHECK(nn::mined_triplet_loss(points(), classes(), {.margin = 2}).item() == Approx(7.0 / 4));
}

TEST_CASE("every triplet is one anchor with a positive and a negative") {
  const auto all = losses(Mining::all, 2);
  REQUIRE(all.size() == 64);
  const auto distances = points().to_vector();
  const auto labels = classes().to_vector();
  double total = 0;
  int count = 0;
  for (std::size_t a = 0; a < 4; ++a)
    for (std::size_t p = 0; p < 4; ++p)
      for (std::size_t n = 0; n < 4; ++n) {
        const bool exists = a != p && labels[a] == labels[p] && labels[a] != labels[n];
        const double expected =
            exists ? std::max(0.0, std::abs(distances[a] - distances[p]) - std::abs(distances[a] - distances[n]) + 2)
                   : 0;
        CHECK(all[(a * 4 + p) * 4 + n] == expected);
        total += expected;
        count += exists;
      }
  CHECK(nn::mined_triplet_loss(points(), classes(), {.mining = Mining::all, .margin = 2}).item() ==
        Approx(total / count));
}

TEST_CASE("batches without a triplet cost nothing, with derivative 0, equal vectors have finite derivatives") {
  for (const Mining mining : {Mining::hard, Mining::semi_hard, Mining::all}) {
    const Tensor x = track(points());
    for (const Tensor& y : {tensor({1, 1, 1, 1}), tensor({1, 2, 3, 4})}) {
      const Tensor loss = nn::mined_triplet_loss(x, y, {.mining = mining});
      CHECK(loss.item() == 0);
      CHECK(grad(loss, x).to_vector() == std::vector<double>(4, 0));
    }
    const Tensor same = track(zeros({4, 2}));
    const Tensor loss = nn::mined_triplet_loss(same, classes(), {.mining = mining});
    CHECK(loss.item() == 1);
    CHECK(grad(loss, same).to_vector() == std::vector<double>(8, 0));
  }
}

TEST_CASE("mined triplets differentiate correctly to order 2") {
  Rng rng(8);
  const Tensor x = normal({5, 3}, rng, 0, 1, float64), y = tensor({0, 1, 0, 1, 1});
  for (const Mining mining : {Mining::hard, Mining::semi_hard, Mining::all})
    CHECK_THAT([&](const Tensor& a) { return nn::mined_triplet_loss(a, y, {.mining = mining, .margin = 5}); },
               DifferentiatesCorrectly(x).order(2));
}

TEST_CASE("mined triplets refuse what does not fit") {
  CHECK_THROWS_AS(nn::mined_triplet_loss(points(), tensor({1, 2})), ShapeError);
  CHECK_THROWS_AS(nn::mined_triplet_loss(points()(0), tensor({1})), ShapeError);
  CHECK_THROWS_AS(nn::mined_triplet_loss(points(), tensor({1.0, 1.0, 2.0, 2.0})), DTypeError);
  CHECK_THROWS_AS(nn::mined_triplet_loss(unsqueeze(classes(), 1), classes()), DTypeError);
  CHECK_THROWS_AS(nn::mined_triplet_loss(zeros({0, 2}), zeros({0}, int64)), ValueError);
  CHECK_THROWS_AS(nn::mined_triplet_loss(points(), classes(), {.p = -1}), ValueError);
}

}  // namespace mined_triplets_test
