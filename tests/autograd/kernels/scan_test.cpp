#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/core/axes.hpp"
#include "autograd/core/error.hpp"
#include "autograd/kernels/kernels.hpp"
#include "tests/autograd/kernels/array.hpp"

namespace scan_test {

using namespace xgrad;
using test::Array;

namespace {

AxisSet only(std::int64_t axis) { return AxisSet(std::uint64_t{1} << axis); }

template <class T>
Array<std::int64_t> arg_extreme(Instruction f, const Array<T>& x, std::int64_t axis) {
  Array<std::int64_t> y(reduced_shape(x.shape(), only(axis)));
  kernels::arg_extreme(f, x.view(), axis, y.view());
  return y;
}

}  // namespace

TEMPLATE_TEST_CASE("the index of an extreme is the first one, along any axis", "", float, double, std::int64_t, bool) {
  using T = TestType;
  Rng rng(5);
  for (int round = 0; round < 200; ++round) {
    const Shape shape = test::random_shape(rng, 1);
    if (shape.numel() == 0) continue;
    const std::int64_t axis = test::random_below(shape.ndim(), rng);
    const Array<T> x = test::random_array<T>(shape, rng);
    const Array<std::int64_t> high = arg_extreme(Instruction::max, x, axis),
                              low = arg_extreme(Instruction::min, x, axis);
    bool right = true;
    test::for_each_place_of(shape, [&](std::vector<std::int64_t> place) {
      const T element = x.at(place);
      std::int64_t& along = place[static_cast<std::size_t>(axis)];
      const std::int64_t i = std::exchange(along, 0);
      const std::int64_t max_at = high.at(place), min_at = low.at(place);
      along = max_at;
      right = right && (i < max_at ? x.at(place) > element : x.at(place) >= element);
      along = min_at;
      right = right && (i < min_at ? x.at(place) < element : x.at(place) <= element);
    });
    CHECK(right);
  }
}

TEST_CASE("the index of an extreme is that of the first NaN, if there is one") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Array<double> x(Shape{5}, {1, nan, 9, nan, -9});
  CHECK(arg_extreme(Instruction::max, x, 0)[0] == 1);
  CHECK(arg_extreme(Instruction::min, x, 0)[0] == 1);
  const Array<double> columns(Shape{3, 2}, {nan, 1, 2, nan, nan, 3});
  CHECK(arg_extreme(Instruction::max, columns, 0).values() == std::vector<std::int64_t>{0, 1});
}

TEMPLATE_TEST_CASE("running sums along any axis, from either end", "", float, double, std::int64_t) {
  using T = TestType;
  Rng rng(6);
  for (int round = 0; round < 200; ++round) {
    const Shape shape = test::random_shape(rng, 1);
    const std::int64_t axis = test::random_below(shape.ndim(), rng);
    const bool reverse = round % 2;
    const Array<T> x = test::random_array<T>(shape, rng);
    const Array<T> y(shape);
    kernels::cumsum(x.view(), axis, reverse, y.view());
    bool right = true;
    test::for_each_place_of(shape, [&](std::vector<std::int64_t> place) {
      const T sum = y.at(place);
      std::int64_t& along = place[static_cast<std::size_t>(axis)];
      T expected = 0;
      for (const std::int64_t step = reverse ? 1 : -1; along >= 0 && along < shape[axis]; along += step)
        expected += x.at(place);
      right = right && sum == expected;
    });
    CHECK(right);
  }
}

TEST_CASE("running sums of float32 do not lose small terms") {
  const Array<float> x(Shape{9}, {1e8f, 1, 1, 1, 1, 1, 1, 1, 1}), y(Shape{9});
  kernels::cumsum(x.view(), 0, false, y.view());
  CHECK(y[8] == 100000008.0f);
}

TEST_CASE("there are no running sums of bool") {
  const Array<bool> x(Shape{2}, {true, true}), y(Shape{2});
  CHECK_THROWS_AS(kernels::cumsum(x.view(), 0, false, y.view()), DTypeError);
}

}  // namespace scan_test
