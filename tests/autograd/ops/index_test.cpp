#include "autograd/ops/index.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::index_test {
namespace {

using Numbers = std::vector<double>;

TEST_CASE("take puts the axes of the index where the axis stood") {
  const Tensor table = tensor({{0.0, 1.0}, {10.0, 11.0}, {20.0, 21.0}});
  const Tensor words = tensor({{2, 0, 1}, {1, 1, 2}});
  const Tensor rows = take(table, words);
  CHECK(rows.shape() == Shape{2, 3, 2});
  CHECK(rows.to_vector() == Numbers{20, 21, 0, 1, 10, 11, 10, 11, 10, 11, 20, 21});
  const Tensor columns = take(table, tensor({{1}, {0}}), -1);
  CHECK(columns.shape() == Shape{3, 2, 1});
  CHECK(columns.to_vector() == Numbers{1, 0, 11, 10, 21, 20});
  CHECK(take(table, 1).to_vector() == Numbers{10, 11});
  CHECK(take(table, tensor(2), 0).shape() == Shape{2});
  CHECK(take(table, zeros({0, 4}, int64)).shape() == Shape{0, 4, 2});
  CHECK(take(table, zeros({2, 0}, int64), 1).shape() == Shape{3, 2, 0});
}

TEST_CASE("take of an index of any shape differentiates; what is taken twice adds up") {
  Rng rng(1);
  const Tensor x = normal({4, 3}, rng, 0, 1, float64), index = tensor({{0, 3}, {3, 3}});
  CHECK_THAT([index](const Tensor& t) { return take(t, index) * take(t, index); }, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([index](const Tensor& t) { return exp(take(t, index * 0 + 2, 1)); }, DifferentiatesCorrectly(x));
  const Tensor slope = grad([index](const Tensor& t) { return sum(take(t, index)); })(x);
  CHECK(slope(all, 0).to_vector() == Numbers{1, 0, 0, 3});
}

TEST_CASE("take refuses indices out of range, where they are known and where they are computed") {
  const Tensor x = zeros({3, 2});
  throws<IndexError>("take: index 3 at place 2 of [2, 2] is out of range for an axis of size 3").by([&] {
    return take(x, tensor({{0, 1}, {3, 0}}));
  });
  CHECK_THROWS_AS(take(x, tensor({{0, -1}})), IndexError);
  CHECK_THROWS_AS(take(x, tensor({{0, 2}}) + 1).to_vector(), IndexError);
  throws<AxisError>("take: axis 2 is out of range for 2 axes").by([&] { return take(x, 0, 2); });
  throws<DTypeError>("take: indices must be i64, got [2] bool").by([&] { return take(x, tensor({true, false})); });
}

}  // namespace
}  // namespace xgrad::index_test
