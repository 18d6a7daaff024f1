// Cotangents of parts are joined where they do not overlap.

#include "autograd/ops/pieces.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"

namespace xgrad::pieces_test {
namespace {

Tensor padded(double value, std::int64_t start, std::int64_t size, std::int64_t whole = 10) {
  return pad(full({2, size}, value, float64), 1, start, whole - start - size);
}

std::vector<double> sum_of(const std::vector<Tensor>& list) {
  Tensor total = list[0];
  for (std::size_t i = 1; i < list.size(); ++i) total = total + list[i];
  return total.to_vector();
}

TEST_CASE("pieces that do not overlap are joined in any order", "[pieces]") {
  const std::vector<std::vector<Tensor>> lists = {
      {padded(1, 0, 4), padded(2, 4, 6)},
      {padded(1, 4, 6), padded(2, 0, 4)},
      {padded(1, 2, 3), padded(2, 7, 1), padded(3, 0, 2)},
      {padded(1, 8, 1), padded(2, 3, 2), padded(3, 5, 1), padded(4, 0, 1)},
      {padded(1, 8, 1), padded(2, 3, 2), padded(3, 5, 1), padded(4, 0, 1), padded(5, 6, 1), padded(6, 9, 1)},
      {padded(1, 0, 1), padded(2, 1, 2), padded(3, 3, 1), padded(4, 4, 1), padded(5, 5, 5)},
      {padded(1, 3, 2)}};
  for (const auto& list : lists) {
    Pieces pieces;
    for (const Tensor& each : list) REQUIRE(pieces.add(each));
    const Tensor joined = pieces.take();
    CHECK(pieces.empty());
    CHECK(joined.shape() == Shape{2, 10});
    CHECK(joined.to_vector() == sum_of(list));
  }
}

TEST_CASE("a -0 in a piece is 0 in the sum, as it is where zeros are added", "[pieces]") {
  Pieces pieces;
  std::vector<Tensor> list;
  for (std::int64_t i = 0; i < 10; ++i) list.push_back(padded(-0., i, 1));
  for (const Tensor& each : list) REQUIRE(pieces.add(each));
  const double joined = pieces.take().to_vector()[0], added = sum_of(list)[0];
  CHECK(std::signbit(joined) == std::signbit(added));
  CHECK_FALSE(std::signbit(joined));
}

TEST_CASE("pieces that overlap, lie along another axis or are no pieces are not joined", "[pieces]") {
  Pieces pieces;
  REQUIRE(pieces.add(padded(1, 2, 4)));
  CHECK_FALSE(pieces.add(padded(1, 5, 2)));
  CHECK_FALSE(pieces.add(padded(1, 0, 3)));
  CHECK_FALSE(pieces.add(padded(1, 2, 4)));
  CHECK_FALSE(pieces.add(padded(1, 3, 1)));
  CHECK_FALSE(pieces.add(padded(1, 0, 10)));
  CHECK_FALSE(pieces.add(pad(full({1, 10}, 1., float64), 0, 0, 1)));
  CHECK_FALSE(pieces.add(padded(1, 8, 1, 12)));
  CHECK_FALSE(pieces.add(pad(full({2, 1}, 1., float64), 1, 8, 1, 0.5)));
  CHECK_FALSE(pieces.add(pad(full({2, 1}, 1., float64), 1, 8, 1, 0, 1)));
  CHECK_FALSE(pieces.add(full({2, 10}, 1., float64)));
  CHECK(pieces.add(padded(1, 6, 4)));
}

TEST_CASE("the gradient of a loop over an axis grows with its length, not with its square", "[pieces]") {
  const auto adds_for = [](std::int64_t steps) {
    const Tensor x = track(full({steps, 4}, 0.5, float64));
    Tensor state = full({4}, 0.1, float64);
    for (std::int64_t t = 0; t < steps; ++t) state = tanh(select(x, 0, t) + state);
    const Tensor g = grad(sum(state), x);
    CHECK((g.entry()->input(0).entry()->primitive->name() == std::string("concat")) == (steps > 4));  // and 0 is added
    return g.to_vector();
  };
  const auto few = adds_for(3);
  CHECK(few.size() == 12);
  CHECK(adds_for(200).size() == 800);
}

TEST_CASE("joined cotangents have derivatives of any order", "[pieces]") {
  const Tensor x = track(tensor({{0.3, -0.2, 0.5, 1.0}, {0.1, 0.7, -0.4, 0.2}}, float64));
  const auto loss = [](const Tensor& v) {
    const Tensor a = slice(v, 1, 0, 1), b = slice(v, 1, 1, 3), c = slice(v, 1, 3, 4);
    return sum(mul(exp(a), c)) + sum(mul(b, mul(b, b))) + sum(mul(v, v));
  };
  const Tensor first = grad(loss(x), x, {.create_graph = true});
  const Tensor second = grad(sum(mul(first, first)), x);
  const double step = 1e-6;
  for (std::size_t i = 0; i < 8; ++i) {
    const auto value = [&](double change) {
      std::vector<double> numbers = x.to_vector();
      numbers[i] += change;
      const Tensor moved = track(tensor(numbers, {2, 4}, float64));
      const Tensor g = grad(loss(moved), moved);
      return sum(mul(g, g)).to_vector()[0];
    };
    CHECK(second.to_vector()[i] == Approx((value(step) - value(-step)) / (2 * step)).epsilon(1e-6));
  }
}

}  // namespace
}  // namespace xgrad::pieces_test
