// Elements land where their formulas say.

#include "autograd/ops/arrange.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <limits>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::arrange_test {
namespace {

using Place = std::vector<std::int64_t>;
using Numbers = std::vector<double>;

Tensor counted(const Shape& shape, DType dtype = float64) {
  return reshape(arange(0, static_cast<double>(shape.numel()), 1, dtype), shape);
}

// The element of a row-major array.
double at(const Tensor& x, const Place& index) {
  std::int64_t place = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis)
    place = place * x.size(static_cast<std::int64_t>(axis)) + index[axis];
  return x.to_vector()[static_cast<std::size_t>(place)];
}

// Whether y[index] is what `expected` says for every index of this shape.
void check_elements(const Tensor& y, const Shape& shape, const std::function<double(const Place&)>& expected) {
  REQUIRE(y.shape() == shape);
  const Numbers values = y.to_vector();
  for (std::int64_t place = 0; place < shape.numel(); ++place) {
    Place index(static_cast<std::size_t>(shape.ndim()));
    for (std::int64_t axis = shape.ndim(), rest = place; axis-- > 0; rest /= shape[axis])
      index[static_cast<std::size_t>(axis)] = rest % shape[axis];
    INFO("place " << place);
    CHECK(values[static_cast<std::size_t>(place)] == expected(index));
  }
}

std::int64_t in_circle(std::int64_t i, std::int64_t n) { return ((i % n) + n) % n; }

}  // namespace

TEST_CASE("axes are moved") {
  const Tensor x = counted({2, 3, 4});
  check_elements(moveaxis(x, 0, -1), {3, 4, 2}, [&](const Place& i) { return at(x, {i[2], i[0], i[1]}); });
  check_elements(moveaxis(x, {0, 2}, {1, 0}), {4, 2, 3}, [&](const Place& i) { return at(x, {i[1], i[2], i[0]}); });
  CHECK(moveaxis(x, {}, {}).shape() == x.shape());
  throws<ValueError>("moveaxis: 1 axes to 2 places").by([&] { moveaxis(x, 0, {1, 2}); });
  throws<AxisError>("moveaxis: axis -3 is given twice").by([&] { moveaxis(x, {0, -3}, {0, 1}); });
  throws<AxisError>("moveaxis: axis 3 is out of range for 3 axes").by([&] { moveaxis(x, 3, 0); });
}

TEST_CASE("elements are rolled in a circle") {
  const Tensor x = counted({3, 4});
  for (const std::int64_t shift : {0, 1, -1, 4, 9, -23}) {
    check_elements(roll(x, shift, 1), {3, 4}, [&](const Place& i) {
      return at(x, {i[0], in_circle(i[1] - shift, 4)});
    });
    check_elements(roll(x, shift), {3, 4}, [&](const Place& i) {
      const std::int64_t from = in_circle(i[0] * 4 + i[1] - shift, 12);
      return static_cast<double>(from);
    });
  }
  check_elements(roll(x, {1, -2}, {0, 1}), {3, 4}, [&](const Place& i) {
    return at(x, {in_circle(i[0] - 1, 3), in_circle(i[1] + 2, 4)});
  });
  CHECK(roll(zeros({0, 3}), 1, 0).shape() == Shape{0, 3});
  CHECK(roll(tensor(5.0), 3).item() == 5);
  CHECK(roll(tensor({1, 2, 3}), 1).to_vector() == Numbers{3, 1, 2});
  throws<ValueError>("roll: 1 shifts for 2 axes").by([&] { roll(x, {1}, {0, 1}); });
  throws<AxisError>("roll: axis 1 is given twice").by([&] { roll(x, {1, 1}, {1, 1}); });
}

TEST_CASE("an array is laid out like tiles") {
  const Tensor x = counted({2, 3});
  check_elements(tile(x, {2, 3}), {4, 9}, [&](const Place& i) { return at(x, {i[0] % 2, i[1] % 3}); });
  check_elements(tile(x, {2}), {2, 6}, [&](const Place& i) { return at(x, {i[0], i[1] % 3}); });
  check_elements(tile(x, {2, 1, 2}), {2, 2, 6}, [&](const Place& i) { return at(x, {i[1], i[2] % 3}); });
  CHECK(tile(x, {}).to_vector() == x.to_vector());
  CHECK(tile(x, {0, 2}).shape() == Shape{0, 6});
  CHECK(tile(tensor(3.0), {2, 2}).to_vector() == Numbers{3, 3, 3, 3});
  throws<ValueError>("tile: axis 1 -1 times").by([&] { tile(x, {2, -1}); });
}

TEST_CASE("every index is repeated in a row") {
  const Tensor x = counted({2, 3});
  check_elements(repeat_interleave(x, 2, 0), {4, 3}, [&](const Place& i) { return at(x, {i[0] / 2, i[1]}); });
  check_elements(repeat_interleave(x, 3, -1), {2, 9}, [&](const Place& i) { return at(x, {i[0], i[1] / 3}); });
  CHECK(repeat_interleave(x, 0, 0).shape() == Shape{0, 3});
  throws<ValueError>("repeat_interleave: -1 times").by([&] { repeat_interleave(x, -1, 0); });
}

TEST_CASE("diagonals are taken, laid out and summed") {
  const Tensor x = counted({3, 5, 2});
  for (std::int64_t offset = -4; offset <= 6; ++offset) {
    const std::int64_t row = std::max<std::int64_t>(-offset, 0), column = std::max<std::int64_t>(offset, 0);
    const std::int64_t count = std::max<std::int64_t>(0, std::min(3 - row, 5 - column));
    check_elements(diagonal(x, offset), {2, count}, [&](const Place& i) {
      return at(x, {row + i[1], column + i[1], i[0]});
    });
    const Tensor sums = trace(x, offset);
    check_elements(sums, {2}, [&](const Place& i) {
      double sum = 0;
      for (std::int64_t k = 0; k < count; ++k) sum += at(x, {row + k, column + k, i[0]});
      return sum;
    });
  }
  check_elements(diagonal(x, 1, 2, 0), {5, 2}, [&](const Place& i) { return at(x, {i[1] + 1, i[0], i[1]}); });
  const Tensor v = counted({2, 3}) + 1;
  for (std::int64_t offset = -2; offset <= 2; ++offset) {
    const std::int64_t size = 3 + std::abs(offset);
    const Tensor m = diag_embed(v, offset);
    check_elements(m, {2, size, size}, [&](const Place& i) {
      const std::int64_t k = offset >= 0 ? i[1] : i[2];
      return i[2] - i[1] == offset ? at(v, {i[0], k}) : 0;
    });
    CHECK(diagonal(m, offset, 1, 2).to_vector() == v.to_vector());
  }
  CHECK(diag(tensor({1, 2})).to_vector() == Numbers{1, 0, 0, 2});
  CHECK(diag(tensor({{1, 2}, {3, 4}}), -1).to_vector() == Numbers{3});
  CHECK(diag_embed(zeros({0})).shape() == Shape{0, 0});
  CHECK(trace(tensor({{1, 2}, {3, 4}})).item() == 5);
  throws<ShapeError>("diag: needs a vector or a matrix, got [3, 5, 2] f64").by([&] { diag(x); });
  throws<ShapeError>("diagonal: needs two axes, got [3] f64").by([&] { diagonal(counted({3})); });
  throws<AxisError>("diagonal: axis 0 is given twice").by([&] { diagonal(x, 0, 0, 0); });
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  CHECK(diagonal(x, least).shape() == Shape{2, 0});
  CHECK_THROWS_AS(diag_embed(v, least), ValueError);
}

TEST_CASE("vectors span a grid") {
  const std::vector<Tensor> grid = meshgrid({tensor({1.0, 2.0}), tensor({3.0, 4.0, 5.0}), tensor(6.0)});
  REQUIRE(grid.size() == 3);
  check_elements(grid[0], {2, 3, 1}, [](const Place& i) { return static_cast<double>(1 + i[0]); });
  check_elements(grid[1], {2, 3, 1}, [](const Place& i) { return static_cast<double>(3 + i[1]); });
  check_elements(grid[2], {2, 3, 1}, [](const Place&) { return 6.0; });
  CHECK(meshgrid({}).empty());
  CHECK_THROWS_AS(meshgrid({ones({2, 2})}), ShapeError);
}

TEST_CASE("derivatives flow back to where elements came from") {
  const Tensor x = counted({3, 4}) / 7 - 0.6;
  const auto checks = [&](const std::function<Tensor(const Tensor&)>& f) {
    CHECK_THAT([&](const Tensor& t) { return square(f(t)) * f(t); }, DifferentiatesCorrectly(x).order(2));
  };
  checks([](const Tensor& t) { return moveaxis(t, 0, 1); });
  checks([](const Tensor& t) { return roll(t, 5); });
  checks([](const Tensor& t) { return roll(t, {1, 2}, {0, 1}); });
  checks([](const Tensor& t) { return tile(t, {2, 1, 3}); });
  checks([](const Tensor& t) { return repeat_interleave(t, 2, 1); });
  checks([](const Tensor& t) { return diagonal(t, 1); });
  checks([](const Tensor& t) { return diag_embed(t, -1); });
  checks([](const Tensor& t) { return trace(t); });
  checks([](const Tensor& t) { return meshgrid({t[0], t[1]})[1]; });
}

TEST_CASE("triangles of batches of matrices") {
  const Tensor x = reshape(arange(24.0, 0.0, -1.0, float64), {2, 3, 4});
  const Numbers values = x.to_vector();
  for (const std::int64_t diagonal : {-3, -1, 0, 1, 4}) {
    Numbers lower = values, upper = values;
    for (std::int64_t i = 0; i < 24; ++i) {
      const std::int64_t offset = i % 4 - i / 4 % 3;
      if (offset > diagonal) lower[static_cast<std::size_t>(i)] = 0;
      if (offset < diagonal) upper[static_cast<std::size_t>(i)] = 0;
    }
    CHECK(tril(x, diagonal).to_vector() == lower);
    CHECK(triu(x, diagonal).to_vector() == upper);
  }
  CHECK(tril(tensor({{{1, 2}, {3, 4}}})).to_vector() == Numbers{1, 0, 3, 4});
  CHECK(triu(zeros({2, 0, 3})).shape() == Shape{2, 0, 3});
  CHECK_THAT([](const Tensor& t) { return tril(t * t, 1) * triu(t, -1); }, DifferentiatesCorrectly(x / 9).order(2));
}

TEST_CASE("triangles of rows longer than float32 numbers count") {
  constexpr std::int64_t columns = (1 << 24) + 8;
  const Tensor x = ones({1, columns});
  const auto last = [&](const Tensor& row) { return slice(row, 1, columns - 6, columns).to_vector(); };
  CHECK(last(tril(x, columns - 4)) == Numbers{1, 1, 1, 0, 0, 0});
  CHECK(last(triu(x, columns - 3)) == Numbers{0, 0, 0, 1, 1, 1});
}

}  // namespace xgrad::arrange_test
