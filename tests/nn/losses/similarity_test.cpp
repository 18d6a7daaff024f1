#include "nn/losses/similarity.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "nn/nn.hpp"

namespace similarity_test {

using namespace xgrad;
using nn::Reduction;

namespace {

Tensor f64(const Literal& values) { return tensor(values, float64); }

}  // namespace

TEST_CASE("cosine embedding pulls together what belongs together and pushes apart what does not") {
  const Tensor x = f64({{1.0, 0.0}, {1.0, 1.0}, {1.0, 0.0}}), y = f64({{0.0, 2.0}, {3.0, 3.0}, {1.0, 1.0}});
  const Tensor signs = f64({1.0, 1.0, -1.0});
  const auto each = nn::cosine_embedding_loss(x, y, signs, {.margin = 0.2, .reduction = Reduction::none}).to_vector();
  CHECK(each[0] == 1);
  CHECK(each[1] == Approx(0).margin(1e-15));
  CHECK(each[2] == Approx(std::sqrt(0.5) - 0.2));
  CHECK(nn::cosine_embedding_loss(x(0), y(0), 1).item() == 1);
  CHECK_THAT([&](const Tensor& a, const Tensor& b) { return nn::cosine_embedding_loss(a, b, signs, {.margin = -0.5}); },
             DifferentiatesCorrectly({x + 0.3, y - 0.2}).order(2));
  CHECK_THROWS_AS(nn::cosine_embedding_loss(x, y, f64({1.0, 0.0, 1.0})), ValueError);
  CHECK_THROWS_AS(nn::cosine_embedding_loss(x, y, f64({1.0})), ShapeError);
  CHECK_THROWS_AS(nn::cosine_embedding_loss(f64({{{1.0}}}), f64({{{1.0}}}), 1), ShapeError);
}

TEST_CASE("the cosine with a zero vector is 0 with derivative 0, and large vectors do not overflow") {
  for (const DType dtype : {float32, float64}) {
    const Tensor zero = track(zeros({1, 2}, dtype)), y = track(tensor({{3.0, 4.0}}, dtype));
    const Tensor loss = nn::cosine_embedding_loss(zero, y, 1);
    CHECK(loss.item() == 1);
    CHECK(grad(loss, zero).to_vector() == std::vector<double>{0, 0});
    CHECK(grad(loss, y).to_vector() == std::vector<double>{0, 0});
    const Tensor large = full({1, 2}, dtype == float32 ? 1e38 : 1e300, dtype);
    CHECK(nn::cosine_embedding_loss(large, large, 1).item() == Approx(0).margin(1e-6));
  }
}

TEST_CASE("the triplet margin, with its norms and the swap") {
  const Tensor a = f64({{0.0, 0.0}, {1.0, 1.0}}), p = f64({{3.0, 4.0}, {1.0, 2.0}}), n = f64({{6.0, 8.0}, {1.0, 1.5}});
  const auto each = [&](const nn::TripletMarginOptions& options) {
    return nn::triplet_margin_loss(a, p, n, options).to_vector();
  };
  const auto plain = each({.margin = 7, .eps = 0, .reduction = Reduction::none});
  CHECK(plain[0] == Approx(5 - 10 + 7));
  CHECK(plain[1] == Approx(1 - 0.5 + 7));
  CHECK(each({.margin = 7, .eps = 0, .swap = true, .reduction = Reduction::none})[0] == Approx(5 - 5 + 7));
  CHECK(each({.margin = 7, .p = 1, .eps = 0, .reduction = Reduction::none})[0] == Approx(7 - 14 + 7).margin(1e-12));
  CHECK(nn::triplet_margin_loss(a(0), p(0), n(0), {.margin = 7, .eps = 0}).item() == Approx(2));
  CHECK_THAT([](const Tensor& x, const Tensor& y,
                const Tensor& z) { return nn::triplet_margin_loss(x, y, z, {.margin = 7, .swap = true}); },
             DifferentiatesCorrectly({a + 0.1, p, n}).order(2));
  const Tensor same = track(a);
  for (const double slope : grad(nn::triplet_margin_loss(same, a, n, {.margin = 20, .eps = 0}), same).to_vector())
    CHECK(std::isfinite(slope));
  CHECK_THROWS_AS(nn::triplet_margin_loss(a, p, n(0)), ShapeError);
  CHECK_THROWS_AS(nn::triplet_margin_loss(f64(1.0), f64(1.0), f64(1.0)), ShapeError);
  CHECK_THROWS_AS(nn::triplet_margin_loss(a, p, n, {.p = -1}), ValueError);
}

TEST_CASE("the triplet margin takes any distance, and a Euclidean one without") {
  Rng rng(5);
  const Tensor a = normal({4, 3}, rng, 0, 1, float64), p = normal({4, 3}, rng, 0, 1, float64),
               n = normal({4, 3}, rng, 0, 1, float64);
  CHECK_THAT(nn::triplet_margin_with_distance_loss(a, p, n), AllClose(nn::triplet_margin_loss(a, p, n)));
  const auto taxi = [](const Tensor& x, const Tensor& y) { return sum(abs(x - y), -1); };
  CHECK_THAT(nn::triplet_margin_with_distance_loss(a, p, n, {.distance = taxi, .margin = 2, .swap = true}),
             AllClose(nn::triplet_margin_loss(a, p, n, {.margin = 2, .p = 1, .eps = 0, .swap = true})));
}

TEST_CASE("InfoNCE is a cross-entropy of each query's own key, symmetric if asked") {
  Rng rng(6);
  const Tensor q = normal({4, 3}, rng, 0, 1, float64), k = normal({4, 3}, rng, 0, 1, float64), own = arange(4);
  const Tensor products = matmul(q, transpose(k)) / 0.5;
  CHECK_THAT(nn::info_nce_loss(q, k, {.temperature = 0.5, .normalise = false}),
             AllClose(nn::cross_entropy(products, own)));
  CHECK_THAT(nn::info_nce_loss(q, k, {.temperature = 0.5, .normalise = false, .symmetric = true}),
             AllClose(0.5 * (nn::cross_entropy(products, own) + nn::cross_entropy(transpose(products), own))));
  CHECK_THAT(nn::info_nce_loss(q * 7, k * 0.1), AllClose(nn::info_nce_loss(q, k)));
  CHECK_THAT(
      [](const Tensor& a, const Tensor& b) { return nn::info_nce_loss(a, b, {.temperature = 0.4, .symmetric = true}); },
      DifferentiatesCorrectly({q, k}).order(2));
  CHECK(nn::info_nce_loss(q(slice(0, 1)), k(slice(0, 1))).item() == Approx(0).margin(1e-14));
  CHECK_THROWS_AS(nn::info_nce_loss(q, k(slice(0, 2))), ShapeError);
  CHECK_THROWS_AS(nn::info_nce_loss(q, k, {.temperature = -1}), ValueError);
}

}  // namespace similarity_test
