#include "nn/attention.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "tests/throws.hpp"

namespace xgrad::attention_test {
namespace {

using Numbers = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

struct Operands {
  Tensor q, k, v;
};
Operands operands(std::int64_t queries, std::int64_t keys, std::uint64_t seed) {
  Rng rng(seed);
  return {normal({2, queries, 3}, rng, 0, 1, float64), normal({2, keys, 3}, rng, 0, 1, float64),
          normal({2, keys, 2}, rng, 0, 1, float64)};
}

void check_near(const Tensor& got, const Tensor& expected) {
  REQUIRE(got.shape() == expected.shape());
  const Numbers a = got.to_vector(), b = expected.to_vector();
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).margin(1e-14).epsilon(1e-12));
}

TEST_CASE("a query whose keys are all left out gives zeros and derivatives of zero, by either kind of mask") {
  const auto [q, k, v] = operands(3, 4, 1);
  const Tensor mask = tensor({{true, false, true, true}, {false, false, false, false}, {false, true, false, false}});
  const Tensor added = where(mask, zeros({3, 4}, float64), -infinity);
  for (const Tensor& each : {mask, added}) {
    const auto f = [&](const Tensor& x, const Tensor& y, const Tensor& z) {
      return nn::scaled_dot_product_attention(x, y, z, {.mask = each});
    };
    const Tensor y = f(q, k, v), weights = nn::attention_weights(q, k, {.mask = each});
    for (std::int64_t n = 0; n < 2; ++n) {
      CHECK(y(n, 1).to_vector() == Numbers{0, 0});
      CHECK(weights(n, 1).to_vector() == Numbers{0, 0, 0, 0});
      CHECK(weights(n, 2).to_vector() == Numbers{0, 1, 0, 0});
      check_near(y(n, 2), v(n, 1));
      CHECK(weights(n, 0, 1).item() == 0);
      CHECK(sum(weights(n, 0)).item() == Approx(1));
    }
    CHECK(check_gradient(f, {q, k, v}, {.order = 2}));
    const auto by_query = grad([&, k = k, v = v](const Tensor& x) { return sum(f(x, k, v)); })(q);
    CHECK(by_query(all, 1).to_vector() == Numbers(6, 0));
  }
}

TEST_CASE("derivatives flow into a mask that is added") {
  const auto [q, k, v] = operands(2, 3, 2);
  Rng rng(5);
  const auto f = [&, x = q, y = k, z = v](const Tensor& bias) {
    return nn::scaled_dot_product_attention(x, y, z, {.mask = bias, .causal = true});
  };
  CHECK(check_gradient(f, {normal({2, 3}, rng, 0, 1, float64)}, {.order = 2}));
}

TEST_CASE("causal attention sees no later key, and the offset counts the keys before the first query") {
  const auto [q, k, v] = operands(4, 4, 3);
  const Tensor whole = nn::scaled_dot_product_attention(q, k, v, {.causal = true});
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto seen = slice(0, i + 1);
    check_near(whole(all, slice(i, i + 1)),
               nn::scaled_dot_product_attention(q(all, slice(i, i + 1)), k(all, seen), v(all, seen)));
  }
  check_near(whole(all, slice(2, 4)),
             nn::scaled_dot_product_attention(q(all, slice(2, 4)), k, v, {.causal = true, .offset = 2}));
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  CHECK(nn::attention_weights(q, k, {.causal = true, .offset = most}).to_vector() ==
        nn::attention_weights(q, k).to_vector());
  // Beside a mask, both count.
  const Tensor mask = tensor({false, true, true, true});
  CHECK(nn::attention_weights(q, k, {.mask = mask, .causal = true})(0, 0).to_vector() == Numbers(4, 0));
}

TEST_CASE("what a mask leaves out may be NaN or infinite in the keys") {
  const auto [q, k, v] = operands(2, 3, 4);
  const Tensor mask = tensor({true, true, false});
  for (const double bad : {nan, infinity, -infinity}) {
    const Tensor keys = where(reshape(mask, {3, 1}), k, bad);
    CHECK(nn::scaled_dot_product_attention(q, keys, v, {.mask = mask}).to_vector() ==
          nn::scaled_dot_product_attention(q, k, v, {.mask = mask}).to_vector());
  }
  CHECK(std::isnan(nn::scaled_dot_product_attention(q, where(reshape(mask, {3, 1}), k, nan), v)(0, 0, 0).item()));
}

TEST_CASE("large scores do not overflow") {
  const Tensor q = tensor({{1000.0}, {-1000.0}}), k = tensor({{900.0}, {-900.0}}), v = tensor({{1.0}, {2.0}});
  CHECK(nn::scaled_dot_product_attention(q, k, v).to_vector() == Numbers{1, 2});
  CHECK(nn::scaled_dot_product_attention(q, k, v, {.mask = tensor({true, true})}).to_vector() == Numbers{1, 2});
}

TEST_CASE("the scale, one over the root of the features, may be another") {
  const auto [q, k, v] = operands(2, 3, 6);
  check_near(nn::scaled_dot_product_attention(q, k, v, {.scale = 0.5}),
             nn::scaled_dot_product_attention(q * (std::sqrt(3.0) / 2), k, v));
  const Tensor same = nn::attention_weights(q, k, {.scale = 0});
  check_near(same, full_like(same, 1) / 3);
}

TEST_CASE("dropout of the weights keeps their mean, and equal states of the Rng drop the same") {
  const Tensor q = zeros({400, 3}), k = zeros({50, 3});
  Rng rng(7), again(7);
  const Tensor weights = nn::attention_weights(q, k, {.dropout = 0.25}, rng);
  const double one = 1.0 / 50 / 0.75;
  for (const double weight : weights.to_vector()) CHECK((weight == 0 || weight == Approx(one)));
  CHECK(mean(weights).item() == Approx(0.02).epsilon(0.02));
  CHECK(weights.to_vector() == nn::attention_weights(q, k, {.dropout = 0.25}, again).to_vector());
  CHECK(max(nn::attention_weights(q, k, {.dropout = 1}, rng)).item() == 0);
}

TEST_CASE("one head of keys and values serves several of queries") {
  const auto [q, k, v] = operands(2, 3, 8);
  const Tensor both = nn::scaled_dot_product_attention(q, k(slice(0, 1)), v(slice(0, 1)));
  check_near(both(1), nn::scaled_dot_product_attention(q(1), k(0), v(0)));
}

TEST_CASE("attention refuses what does not fit") {
  const Tensor q = ones({2, 3}), k = ones({4, 3}), v = ones({4, 2});
  throws<ShapeError>("scaled_dot_product_attention: the values [3, 2] f32 are not as many as the keys [4, 3] f32")
      .by([&] {
        return nn::scaled_dot_product_attention(q, k, ones({3, 2}));
      });
  throws<DTypeError>("attention_weights: needs queries and keys of one floating dtype, got [2, 3] f32 and [4, 3] f64")
      .by([&] {
        return nn::attention_weights(q, ones({4, 3}, float64));
      });
  throws<DTypeError>("attention_weights: the mask [2, 4] i64 is neither bool nor of the dtype of the scores [2, 4] f32")
      .by([&] {
        return nn::attention_weights(q, k, {.mask = ones({2, 4}, int64)});
      });
  throws<ShapeError>("attention_weights: the mask [3, 2, 4] bool does not broadcast to the scores [2, 4] f32").by([&] {
    return nn::attention_weights(q, k, {.mask = ones({3, 2, 4}, boolean)});
  });
  throws<ValueError>("attention_weights: the queries [2, 0] f32 have no features").by([&] {
    return nn::attention_weights(ones({2, 0}), ones({2, 0}));
  });
  throws<ValueError>("attention_weights: the offset -1 is below 0").by([&] {
    return nn::attention_weights(q, k, {.causal = true, .offset = -1});
  });
}

}  // namespace
}  // namespace xgrad::attention_test
