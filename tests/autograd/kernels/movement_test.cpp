#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "autograd/kernels/kernels.hpp"
#include "tests/autograd/kernels/array.hpp"

namespace movement_test {

using namespace xgrad;
using test::Array;
using Place = std::vector<std::int64_t>;

namespace {

// Whether y at every place is what `expected(place)` says.
template <class T, class Expected>
bool agrees(const Array<T>& y, Expected expected) {
  bool right = true;
  test::for_each_place_of(y.shape(), [&](const Place& place) { right = right && y.at(place) == expected(place); });
  return right;
}

std::int64_t& along(Place& place, std::int64_t axis) { return place[static_cast<std::size_t>(axis)]; }

}  // namespace

TEMPLATE_TEST_CASE("broadcasting repeats axes of size 1", "", float, double, std::int64_t, bool) {
  using T = TestType;
  Rng rng(11);
  for (int round = 0; round < 300; ++round) {
    const Shape to = test::random_shape(rng);
    Shape from = to;
    for (std::int64_t& size : std::span(from.data(), static_cast<std::size_t>(from.ndim())))
      if (rng.below(2) == 0) size = 1;
    const Array<T> x = test::random_array<T>(from, rng);
    const Array<T> y(to);
    kernels::broadcast(x.view(), y.view());
    CHECK(agrees(y, [&](Place place) {
      for (std::int64_t axis = 0; axis < from.ndim(); ++axis)
        if (from[axis] == 1) along(place, axis) = 0;
      return x.at(place);
    }));
  }
}

TEST_CASE("broadcasting adds axes in front, and works for 64 of them") {
  const Array<float> x(Shape{3}, {1, 2, 3}), y(Shape{2, 3});
  kernels::broadcast(x.view(), y.view());
  CHECK(y.values() == std::vector<float>{1, 2, 3, 1, 2, 3});
  Shape many = Shape::filled(64, 1);
  for (std::int64_t axis = 0; axis < 64; axis += 5) many[axis] = 2;
  const Array<float> one(Shape::filled(64, 1), {7}), all(many);
  kernels::broadcast(one.view(), all.view());
  CHECK(all.values() == std::vector<float>(8192, 7));
}

TEMPLATE_TEST_CASE("permuting puts every element in its place", "", float, double, std::int64_t, bool) {
  using T = TestType;
  Rng rng(12);
  for (int round = 0; round < 300; ++round) {
    const Shape from = test::random_shape(rng);
    Place order(static_cast<std::size_t>(from.ndim()));
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
    Place sizes;
    for (const std::int64_t axis : order) sizes.push_back(from[axis]);
    const Array<T> x = test::random_array<T>(from, rng);
    const Array<T> y{Shape(sizes)};
    kernels::permute(x.view(), Shape(order), y.view());
    CHECK(agrees(y, [&](const Place& place) {
      Place source(place.size());
      for (std::size_t i = 0; i < order.size(); ++i) source[static_cast<std::size_t>(order[i])] = place[i];
      return x.at(source);
    }));
  }
}

TEST_CASE("large transposes, whole and in batches") {
  Rng rng(13);
  const Array<float> x = test::random_array<float>({3, 37, 50}, rng), y(Shape{3, 50, 37}), z(Shape{50, 37, 3});
  kernels::permute(x.view(), Shape{0, 2, 1}, y.view());
  CHECK(agrees(y, [&](const Place& p) { return x.at({p[0], p[2], p[1]}); }));
  kernels::permute(x.view(), Shape{2, 1, 0}, z.view());
  CHECK(agrees(z, [&](const Place& p) { return x.at({p[2], p[1], p[0]}); }));
}

TEMPLATE_TEST_CASE("flipping reverses the given axes", "", float, double, std::int64_t, bool) {
  using T = TestType;
  Rng rng(14);
  for (int round = 0; round < 300; ++round) {
    const Shape shape = test::random_shape(rng);
    const AxisSet axes(rng.bits() & ((std::uint64_t{1} << shape.ndim()) - 1));
    const Array<T> x = test::random_array<T>(shape, rng), y(shape);
    kernels::flip(x.view(), axes, y.view());
    CHECK(agrees(y, [&](Place place) {
      for (std::int64_t axis = 0; axis < shape.ndim(); ++axis)
        if (axes.contains(axis)) along(place, axis) = shape[axis] - 1 - along(place, axis);
      return x.at(place);
    }));
  }
}

TEMPLATE_TEST_CASE("slices step through an axis in either direction", "", float, double, std::int64_t, bool) {
  using T = TestType;
  Rng rng(15);
  for (int round = 0; round < 300; ++round) {
    const Shape from = test::random_shape(rng, 1);
    const std::int64_t axis = test::random_below(from.ndim(), rng);
    if (from[axis] == 0) continue;
    const std::int64_t start = test::random_below(from[axis], rng), size = 1 + test::random_below(3, rng);
    const std::int64_t step = rng.below(2) == 0 ? size : -size;
    const std::int64_t room = (step > 0 ? from[axis] - 1 - start : start) / size + 1;
    Shape to = from;
    to[axis] = test::random_below(room + 1, rng);
    const Array<T> x = test::random_array<T>(from, rng), y(to);
    kernels::slice(x.view(), axis, start, step, y.view());
    CHECK(agrees(y, [&](Place place) {
      along(place, axis) = start + step * along(place, axis);
      return x.at(place);
    }));
  }
}

TEMPLATE_TEST_CASE("padding puts a value around and between elements, and cuts", "", float, double, std::int64_t,
                   bool) {
  using T = TestType;
  Rng rng(16);
  for (int round = 0; round < 500; ++round) {
    const Shape from = test::random_shape(rng, 1);
    const std::int64_t axis = test::random_below(from.ndim(), rng);
    const std::int64_t before = test::random_below(11, rng) - 5, interior = test::random_below(3, rng);
    Shape to = from;
    to[axis] = test::random_below(12, rng);
    const Array<T> x = test::random_array<T>(from, rng), y(to);
    kernels::pad(x.view(), axis, before, interior, 5, y.view());
    CHECK(agrees(y, [&](Place place) {
      std::int64_t& i = along(place, axis);
      const std::int64_t from_first = i - before;
      if (from_first < 0 || from_first % (interior + 1) != 0 || from_first / (interior + 1) >= from[axis])
        return static_cast<T>(5);
      i = from_first / (interior + 1);
      return x.at(place);
    }));
  }
}

TEMPLATE_TEST_CASE("concatenation lays arrays one after the other", "", float, double, std::int64_t, bool) {
  using T = TestType;
  Rng rng(17);
  for (int round = 0; round < 200; ++round) {
    Shape shape = test::random_shape(rng, 1);
    const std::int64_t axis = test::random_below(shape.ndim(), rng);
    std::vector<Array<T>> parts;
    std::int64_t total = 0;
    for (std::int64_t count = 1 + test::random_below(4, rng); count > 0; --count) {
      shape[axis] = test::random_below(4, rng);
      total += shape[axis];
      parts.push_back(test::random_array<T>(shape, rng));
    }
    std::vector<View> views;
    for (const Array<T>& part : parts) views.push_back(part.view());
    shape[axis] = total;
    const Array<T> y(shape);
    kernels::concat(views, axis, y.view());
    CHECK(agrees(y, [&](Place place) {
      std::size_t part = 0;
      for (; along(place, axis) >= parts[part].shape()[axis]; ++part) along(place, axis) -= parts[part].shape()[axis];
      return parts[part].at(place);
    }));
  }
}

}  // namespace movement_test
