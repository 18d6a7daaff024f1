#include <catch2/catch.hpp>
#include <limits>

#include "autograd/core/error.hpp"
#include "autograd/kernels/kernels.hpp"
#include "tests/autograd/kernels/array.hpp"

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

}  // namespace

TEMPLATE_TEST_CASE("gathering reads at indices", "", float, double, std::int64_t, bool) {
  using T = TestType;
  Rng rng(21);
  for (int round = 0; round < 200; ++round) {
    const auto [axis, indexed, index] = random_case(rng);
    const Array<T> x = test::random_array<T>(indexed, rng), y(index.shape());
    kernels::gather(x.view(), index.view(), axis, y.view(), Location::current());
    bool right = true;
    test::for_each_place_of(index.shape(),
                            [&, at_axis = static_cast<std::size_t>(axis)](std::vector<std::int64_t> place) {
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
    test::for_each_place_of(index.shape(),
                            [&, at_axis = static_cast<std::size_t>(axis)](std::vector<std::int64_t> place) {
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
