#include "autograd/core/axes.hpp"

#include <catch2/catch.hpp>

#include "autograd/core/error.hpp"

namespace axes_test {

using namespace xgrad;

namespace {

AxisSet normalise(const Axes& axes, std::int64_t ndim) {
  return normalise_axes(axes, ndim, "sum", Location::current());
}

}  // namespace

TEST_CASE("an axis may be counted from the end") {
  CHECK(normalise_axis(0, 3, "sum", Location::current()) == 0);
  CHECK(normalise_axis(2, 3, "sum", Location::current()) == 2);
  CHECK(normalise_axis(-1, 3, "sum", Location::current()) == 2);
  CHECK(normalise_axis(-3, 3, "sum", Location::current()) == 0);
}

TEST_CASE("an axis out of range is an AxisError that shows it") {
  const std::int64_t axis = GENERATE(-4, 3, 1000);
  CHECK_THROWS_AS(normalise_axis(axis, 3, "sum", Location::current()), AxisError);
  CHECK_THROWS_AS(normalise_axis(0, 0, "sum", Location::current()), AxisError);
  CHECK_THROWS_WITH(normalise_axis(axis, 3, "sum", Location::current()),
                    Catch::StartsWith("sum: axis " + std::to_string(axis) + " is out of range for 3 axes, at "));
}

TEST_CASE("axes are a number, a list, all or none") {
  CHECK(normalise(1, 3) == AxisSet(2));
  CHECK(normalise({0, -1}, 3) == AxisSet(5));
  CHECK(normalise(all_axes, 3) == AxisSet(7));
  CHECK(normalise(all_axes, 0) == AxisSet());
  CHECK(normalise(Axes(), 3).empty());
  CHECK(normalise(std::vector<std::int64_t>{2, 1}, 3) == AxisSet(6));
  CHECK(normalise(all_axes, 64).size() == 64);
}

TEST_CASE("an axis that is given twice is an AxisError, however it is written") {
  CHECK_THROWS_AS(normalise({1, 1}, 3), AxisError);
  CHECK_THROWS_AS(normalise({2, -1}, 3), AxisError);
  CHECK_THROWS_WITH(normalise({2, -1}, 3), Catch::StartsWith("sum: axis -1 is given twice, at "));
  CHECK_THROWS_AS(normalise({0, 3}, 3), AxisError);
}

TEST_CASE("sets of axes reach the last of 64") {
  AxisSet axes;
  axes.insert(63);
  axes.insert(0);
  CHECK(axes.contains(63));
  CHECK_FALSE(axes.contains(62));
  CHECK(axes.size() == 2);
}

TEST_CASE("reduced axes become 1 or go") {
  CHECK(reduced_shape({2, 3, 4}, AxisSet(5)) == Shape{1, 3, 1});
  CHECK(without_axes({2, 3, 4}, AxisSet(5)) == Shape{3});
  CHECK(without_axes({2, 3}, AxisSet(3)) == Shape{});
  CHECK(reduced_shape({2, 0}, AxisSet()) == Shape{2, 0});
}

}  // namespace axes_test
