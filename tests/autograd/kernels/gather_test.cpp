#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <vector>

#include "autograd/core/error.hpp"
#include "autograd/kernels/kernels.hpp"
#include "tests/autograd/kernels/array.hpp"

namespace gather_test {

using namespace xgrad;
using test::Array;

namespace {

struct Case {
  std::int64_t axis;
  Shape indexed;
  Array<std::int64_t> index;
};

Case random_case(Rng& rng) {
  const Shape indexed = test::random_shape(rng, 1);
  const std::int64_t axis = test::random_below(indexed.ndim(), rng);
  Shape shape = indexed;
  shape[axis] = indexed[axis] == 0 ? 0 : test::random_below(7, rng);
  Array<std::int64_t> index(shape);
  for (std::int64_t i = 0; i < index.size(); ++i) index[i] = test::random_below(indexed[axis], rng);
  return {axis, indexed, std::move(index)};
}

// Of size 1 where the axis is not, before it, behind it or at some axes, and the same repeated.
struct Repeated {
  Array<std::int64_t> few, all;
};

Repeated random_repeated(const Case& given, int which, Rng& rng) {
  Shape shape = given.index.shape(), whole = shape;
  for (std::int64_t axis = 0; axis < shape.ndim(); ++axis) {
    const bool one = which == 0 || (which == 1 ? axis < given.axis : which == 2 ? axis > given.axis : axis % 2 == 0);
    if (axis != given.axis && one && shape[axis] > 0) shape[axis] = 1;
  }
  Array<std::int64_t> few(shape), all(whole);
  for (std::int64_t i = 0; i < few.size(); ++i) few[i] = test::random_below(given.indexed[given.axis], rng);
  test::for_each_place_of(whole, [&](std::vector<std::int64_t> place) {
    const auto full = place;
    for (std::size_t axis = 0; axis < place.size(); ++axis)
      if (shape[static_cast<std::int64_t>(axis)] == 1) place[axis] = 0;
    all.at(full) = few.at(place);
  });
  return {std::move(few), std::move(all)};
}

}  // namespace

TEMPLATE_TEST_CASE("gathering reads at indices", "", float, double, std::int64_t, bool) {
  using T = TestType;
  Rng rng(21);
  for (int round = 0; round < 200; ++round) {
    const auto [axis, indexed, index] = random_case(rng);
    const Array<T> x = test::random_array<T>(indexed, rng), y(index.shape());
    kernels::gather(x.view(), index.view(), axis, y.view(), Location::current());
    bool right = true;
    test::for_each_place_of(
        index.shape(), [&, &index = index, at_axis = static_cast<std::size_t>(axis)](std::vector<std::int64_t> place) {
          const T found = y.at(place);
          place[at_axis] = index.at(place);
          right = right && found == x.at(place);
        });
    CHECK(right);
  }
}

TEMPLATE_TEST_CASE("scattering adds at indices, which may repeat", "", float, double, std::int64_t) {
  using T = TestType;
  Rng rng(22);
  for (int round = 0; round < 200; ++round) {
    const auto [axis, indexed, index] = random_case(rng);
    const Array<T> source = test::random_array<T>(index.shape(), rng), expected(indexed);
    const Array<T> y = test::random_array<T>(indexed, rng);  // what was there does not matter
    kernels::scatter_add(source.view(), index.view(), axis, y.view(), Location::current());
    test::for_each_place_of(
        index.shape(), [&, &index = index, at_axis = static_cast<std::size_t>(axis)](std::vector<std::int64_t> place) {
          const T added = source.at(place);
          place[at_axis] = index.at(place);
          expected.at(place) += added;
        });
    CHECK(y.values() == expected.values());
  }
}

TEST_CASE("indices outside the axis are refused before they are used") {
  const Array<float> x(Shape{3}), y(Shape{2});
  const std::int64_t bad = GENERATE(std::int64_t{-1}, std::int64_t{3}, std::numeric_limits<std::int64_t>::max(),
                                    std::numeric_limits<std::int64_t>::min());
  const Array<std::int64_t> index(Shape{2}, {0, bad});
  CHECK_THROWS_AS(kernels::gather(x.view(), index.view(), 0, y.view(), Location::current()), IndexError);
  CHECK_THROWS_AS(kernels::scatter_add(y.view(), index.view(), 0, x.view(), Location::current()), IndexError);
  CHECK_THROWS_WITH(kernels::check_indices(index.view(), 3, "take", Location::current()),
                    Catch::StartsWith("take: index " + std::to_string(bad) +
                                      " at place 1 of [2] is out of range for an axis of size 3, at gather_test.cpp:"));
}

TEST_CASE("no index is in range of an empty axis, and no indices are") {
  const Array<std::int64_t> zero(Shape{1}, {0}), none(Shape{0});
  CHECK_THROWS_AS(kernels::check_indices(zero.view(), 0, "take", Location::current()), IndexError);
  CHECK_NOTHROW(kernels::check_indices(none.view(), 0, "take", Location::current()));
}

TEST_CASE("an index that is the same along some axes is as good as one that is repeated") {
  Rng rng(24);
  for (int round = 0; round < 400; ++round) {
    const Case given = random_case(rng);
    const Repeated index = random_repeated(given, round % 4, rng);
    const Array<double> x = test::random_array<double>(given.indexed, rng), y(given.index.shape()),
                        z(given.index.shape());
    kernels::gather(x.view(), index.few.view(), given.axis, y.view(), Location::current());
    kernels::gather(x.view(), index.all.view(), given.axis, z.view(), Location::current());
    const Array<double> sums(given.indexed), others(given.indexed);
    kernels::scatter_add(y.view(), index.few.view(), given.axis, sums.view(), Location::current());
    kernels::scatter_add(y.view(), index.all.view(), given.axis, others.view(), Location::current());
    bool same = true;
    for (std::int64_t i = 0; i < y.size(); ++i) same = same && y[i] == z[i];
    for (std::int64_t i = 0; i < sums.size(); ++i) same = same && sums[i] == others[i];
    CHECK(same);
  }
}

TEST_CASE("the largest of what goes to an index is found, of equal ones and of NaNs the last") {
  Rng rng(25);
  for (int round = 0; round < 300; ++round) {
    const auto [axis, indexed, index] = random_case(rng);
    const Array<double> x(index.shape());
    for (std::int64_t i = 0; i < x.size(); ++i) {
      const std::int64_t number = test::random_below(5, rng);
      x[i] = number == 4 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(number);
    }
    const Array<std::int64_t> y(indexed), expected(indexed);
    for (std::int64_t i = 0; i < expected.size(); ++i) expected[i] = -1;
    test::for_each_place_of(
        index.shape(), [&, &index = index, axis = static_cast<std::size_t>(axis)](std::vector<std::int64_t> place) {
          auto target = place, before = place;
          target[axis] = index.at(place);
          before[axis] = std::max<std::int64_t>(expected.at(target), 0);
          const double now = x.at(place), then = x.at(before);
          if (expected.at(target) < 0 || now != now || now >= then) expected.at(target) = place[axis];
        });
    kernels::scatter_argmax(x.view(), index.view(), axis, y.view(), Location::current());
    bool same = true;
    for (std::int64_t i = 0; i < y.size(); ++i) same = same && y[i] == expected[i];
    CHECK(same);
  }
}

}  // namespace gather_test
