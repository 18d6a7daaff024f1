#include "autograd/ops/masked.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::masked_test {
namespace {
using Numbers = std::vector<double>;
}

TEST_CASE("masks fill, select and scatter") {
  const Tensor x = tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}), mask = x > 2.5, row = tensor({true, false, true});
  CHECK(masked_fill(x, mask, 0).to_vector() == Numbers{1, 2, 0, 0, 0, 0});
  CHECK(masked_fill(x, row, tensor({{-1.0}, {-2.0}})).to_vector() == Numbers{-1, 2, -1, -2, 5, -2});
  CHECK(masked_select(x, mask).to_vector() == Numbers{3, 4, 5, 6});
  CHECK(masked_select(x, row).to_vector() == Numbers{1, 3, 4, 6});
  CHECK(masked_select(tensor(7.0), row).to_vector() == Numbers{7, 7});
  CHECK(masked_select(x, x > 10).shape() == Shape{0});
  CHECK(masked_select(x, tensor(true)).to_vector() == x.to_vector());
  const Tensor source = tensor({10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0});
  CHECK(masked_scatter(x, mask, source).to_vector() == Numbers{1, 2, 10, 20, 30, 40});
  CHECK(masked_scatter(x, row, source).to_vector() == Numbers{10, 2, 20, 30, 5, 40});
  CHECK(masked_scatter(x, x > 10, source).to_vector() == x.to_vector());
  const Tensor known = x > 5.5;
  evaluate(known);
  CHECK(masked_scatter(x, known, tensor({9.0})).to_vector() == Numbers{1, 2, 3, 4, 5, 9});
  CHECK(masked_scatter(zeros({0, 3}), zeros({0, 3}) > 1, zeros({0})).shape() == Shape{0, 3});
  CHECK(nonzero(x > 4.5).to_vector() == Numbers{1, 1, 1, 2});
  CHECK(nonzero(tensor({0, 3, 0, 4})).to_vector() == Numbers{1, 3});
  CHECK(nonzero(zeros({2, 3})).shape() == Shape{0, 2});
  CHECK(nonzero(tensor(5.0)).shape() == Shape{1, 0});
  throws<DTypeError>("masked_fill: the mask is [2, 3] f32, not bool").by([&] { masked_fill(x, x, 0); });
  throws<DTypeError>("masked_select: the mask is [2, 3] f32, not bool").by([&] { masked_select(x, x); });
  throws<ValueError>("masked_scatter: the mask takes 6 elements, the source is [1] f32").by([&] {
    masked_scatter(x, x > 5.5, tensor({9.0}));
  });
}

TEST_CASE("indices along an axis") {
  const Tensor x = reshape(arange(0, 6, 1, float64), {2, 3}), index = tensor({2, 0, 2, 1});
  CHECK(index_select(x, 1, index).to_vector() == Numbers{2, 0, 2, 1, 5, 3, 5, 4});
  CHECK(index_select(x, 0, tensor({1})).to_vector() == Numbers{3, 4, 5});
  const Tensor more = ones({2, 4}, float64);
  CHECK(index_add(x, 1, index, more).to_vector() == Numbers{1, 2, 4, 4, 5, 7});
  CHECK(index_add(x, -1, index, more).to_vector() == Numbers{1, 2, 4, 4, 5, 7});
  throws<ShapeError>("index_select: needs a list of indices, got [1, 4] i64").by([&] {
    index_select(x, 1, reshape(index, {1, 4}));
  });
  throws<ShapeError>("index_add: the source is [2, 3] f64, not [2, 4]").by([&] { index_add(x, 1, index, x); });
  CHECK_THROWS_AS(index_select(x, 1, tensor({3})), IndexError);
}

TEST_CASE("what masks and indices choose is differentiated") {
  const Tensor x = reshape(arange(0, 6, 1, float64), {2, 3}) / 5 - 0.4, y = x * x + 0.3;
  const Tensor mask = x > 0, index = tensor({2, 0, 2});
  CHECK_THAT([&](const Tensor& a, const Tensor& b) { return square(masked_fill(a * b, mask, sum(b))); },
             DifferentiatesCorrectly({x, y}).order(2));
  CHECK_THAT([&](const Tensor& a) { return square(masked_select(a * a, mask)); }, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([&](const Tensor& a, const Tensor& b) { return square(masked_scatter(a * b, mask, b * b)); },
             DifferentiatesCorrectly({x, y}).order(2));
  CHECK_THAT([&](const Tensor& a, const Tensor& b) { return square(index_add(a * b, 1, index, b * b)); },
             DifferentiatesCorrectly({x, y}).order(2));
  CHECK_THAT([&](const Tensor& a) { return square(index_select(a * a, 1, index)); },
             DifferentiatesCorrectly(x).order(2));
}

}  // namespace xgrad::masked_test
