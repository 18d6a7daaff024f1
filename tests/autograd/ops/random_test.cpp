// randint, bernoulli and categorical: what they draw, how often, and what they refuse.

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "autograd/autograd.hpp"
#include "tests/throws.hpp"

namespace xgrad::random_test {
namespace {

using Numbers = std::vector<double>;
constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min(),
                       highest = std::numeric_limits<std::int64_t>::max();

/// How far the count of each class is from what is expected, in all (Pearson, 1900).
double chi_squared(const Tensor& drawn, const Numbers& probabilities) {
  std::vector<double> counts(probabilities.size());
  for (const std::int64_t at : drawn.to_vector<std::int64_t>()) ++counts.at(static_cast<std::size_t>(at));
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = probabilities[i] * static_cast<double>(drawn.numel());
    if (expected == 0)
      CHECK(counts[i] == 0);
    else
      sum += std::pow(counts[i] - expected, 2) / expected;
  }
  return sum;
}

TEST_CASE("randint draws each whole number of a range equally often") {
  Rng rng(1);
  const Tensor drawn = randint({60000}, rng, 0, 6);
  CHECK(drawn.dtype() == int64);
  CHECK(chi_squared(drawn, Numbers(6, 1.0 / 6)) < 20.5);  // 0.1 % of samples are beyond that, for 5 degrees of freedom
  const auto shifted = randint({10000}, rng, -3, 2).to_vector();
  CHECK(*std::min_element(shifted.begin(), shifted.end()) == -3);
  CHECK(*std::max_element(shifted.begin(), shifted.end()) == 1);
  CHECK(randint({3}, rng, 7, 8).to_vector() == Numbers{7, 7, 7});
  CHECK(randint({0}, rng, 0, 1).numel() == 0);
}

TEST_CASE("randint covers ranges up to all of int64 evenly") {
  Rng rng(2);
  const std::int64_t count = 40000;
  // Of three quarters of 2^64 numbers, a product with 64 bits would draw some twice as often as others.
  const std::int64_t low = lowest / 2;
  const auto wide = randint({count}, rng, low, highest).to_vector<std::int64_t>();
  double even = 0;
  for (const std::int64_t number : wide) {
    CHECK(number >= low);
    even += number % 2 == 0;
  }
  CHECK(std::abs(even / count - 0.5) < 4 * 0.5 / std::sqrt(count));
  double negative = 0;
  for (const std::int64_t number : randint({count}, rng, lowest, highest).to_vector<std::int64_t>())
    negative += number < 0;
  CHECK(std::abs(negative / count - 0.5) < 4 * 0.5 / std::sqrt(count));
  CHECK(randint({2}, rng, highest - 1, highest).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{highest - 1, highest - 1});
}

TEST_CASE("bernoulli is true with its probability") {
  Rng rng(3);
  const Tensor coin = bernoulli({20000}, rng, 0.3);
  CHECK(coin.dtype() == boolean);
  CHECK(std::abs(mean(coin).item() - 0.3) < 4 * std::sqrt(0.21 / 20000));
  CHECK(mean(bernoulli({1000}, rng, 1)).item() == 1);
  CHECK(mean(bernoulli({1000}, rng, 0)).item() == 0);
  const Tensor p = tensor({{0.0, 1.0}, {0.5, 0.9}}), many = bernoulli(broadcast_to(p, {5000, 2, 2}), rng);
  const auto rates = mean(many, 0).to_vector();
  CHECK(rates[0] == 0);
  CHECK(rates[1] == 1);
  CHECK(std::abs(rates[2] - 0.5) < 4 * 0.5 / std::sqrt(5000));
  CHECK(std::abs(rates[3] - 0.9) < 4 * 0.3 / std::sqrt(5000));
  CHECK(bernoulli(tensor(0.5, float64), rng).shape() == Shape{});
  CHECK(bernoulli(zeros({0, 2}), rng).shape() == Shape{0, 2});
}

TEST_CASE("rare events are as rare as they should be") {
  Rng rng(4);
  CHECK(sum(bernoulli({1 << 22}, rng, 1e-9)).item() == 0);  // 24 bits would make it 0.25 on average
}

TEST_CASE("categorical draws indices by the softmax of their logits") {
  Rng rng(5);
  const Numbers p{0.1, 0.2, 0.0, 0.7};
  const Tensor logits = log(tensor(p, float64)) + 3;
  const Tensor drawn = categorical(broadcast_to(logits, {40000, 4}), rng);
  CHECK(drawn.dtype() == int64);
  CHECK(drawn.shape() == Shape{40000});
  CHECK(chi_squared(drawn, p) < 13.8);  // 0.1 %, for 2 degrees of freedom
  CHECK(chi_squared(categorical(broadcast_to(cast(logits, float32), {40000, 4}), rng), p) < 13.8);
  CHECK(chi_squared(categorical(broadcast_to(reshape(logits, {4, 1}), {4, 40000}), rng, 0), p) < 13.8);
}

TEST_CASE("categorical takes away the axis of the classes, and certain ones are drawn") {
  Rng rng(6);
  const Tensor certain = tensor({{{0.0, 1e4}, {-inf, 2.0}}, {{1e30, 0.0}, {5.0, -inf}}});
  CHECK(categorical(certain, rng).to_vector() == Numbers{1, 1, 0, 0});
  CHECK(categorical(transpose(certain, 0, 2), rng, 0).shape() == Shape{2, 2});
  CHECK(categorical(transpose(certain, 0, 2), rng, 0).to_vector() == Numbers{1, 0, 1, 0});
  CHECK(categorical(tensor({-3.0}), rng).shape() == Shape{});
  CHECK(categorical(zeros({0, 3}), rng).shape() == Shape{0});
}

TEST_CASE("equal states draw equal numbers, and later draws others; a value may be computed again") {
  const auto draw = [](Rng& rng) {
    const Tensor p = tensor({0.2, 0.5, 0.9});
    return std::vector<Tensor>{randint({50}, rng, 0, 1000), bernoulli({50}, rng),
                               bernoulli(broadcast_to(p, {50, 3}), rng), categorical(broadcast_to(p, {50, 3}), rng)};
  };
  Rng a(7), b(7);
  const auto first = draw(a), second = draw(b), later = draw(a);
  for (std::size_t i = 0; i < first.size(); ++i) {
    CHECK(first[i].to_vector() == second[i].to_vector());
    CHECK(first[i].to_vector() != later[i].to_vector());
  }
  CHECK_FALSE(a.state() == b.state());
  draw(b);
  CHECK(a.state() == b.state());
}

TEST_CASE("no derivative flows through what was drawn") {
  Rng rng(8);
  const Tensor x = track(tensor({0.2, 0.5}));
  CHECK_FALSE(bernoulli(x, rng).tracked());
  CHECK_FALSE(categorical(x, rng).tracked());
  CHECK(grad(sum(bernoulli(x * 0 + 1, rng) * x), x).to_vector() == Numbers{1, 1});
}

TEST_CASE("what is no distribution is refused, perhaps when it is evaluated") {
  Rng rng(9);
  throws<ValueError>("randint: there are no numbers in [3, 3)").by([&] { return randint({2}, rng, 3, 3); });
  CHECK_THROWS_AS(randint({-1}, rng, 0, 3), ShapeError);
  for (const double p : {-0.1, 1.5, nan}) CHECK_THROWS_AS(bernoulli({2}, rng, p), ValueError);
  throws<ValueError>("bernoulli: p = 1.5 at place 1 of [2] is no probability").by([&] {
    return bernoulli(tensor({0.5, 1.5}), rng).to_vector();
  });
  CHECK_THROWS_AS(bernoulli(tensor({nan}), rng).to_vector(), ValueError);
  throws<DTypeError>("bernoulli: needs a floating dtype, got [2] i64").by([&] { return bernoulli(arange(2), rng); });
  throws<GraphError>("bernoulli: p is an undefined Tensor").by([&] { return bernoulli(Tensor(), rng); });
  throws<ValueError>("categorical: the logits of row 1 have a NaN").by([&] {
    return categorical(tensor({{0.0, 1.0}, {nan, 0.0}}), rng).to_vector();
  });
  throws<ValueError>("categorical: the logits of row 0 have an infinite one").by([&] {
    return categorical(tensor({{inf, 1.0}}), rng).to_vector();
  });
  throws<ValueError>("categorical: the logits of row 0 are all -inf").by([&] {
    return categorical(tensor({-inf, -inf}), rng).to_vector();
  });
  throws<ValueError>("categorical: axis 1 of [2, 0] f32 has no elements").by([&] {
    return categorical(zeros({2, 0}), rng);
  });
  throws<DTypeError>("categorical: needs a floating dtype, got [2] i64").by([&] {
    return categorical(arange(2), rng);
  });
  throws<AxisError>("categorical: axis 1 is out of range for 1 axis").by([&] {
    return categorical(zeros({2}), rng, 1);
  });
}

}  // namespace
}  // namespace xgrad::random_test
