#include "autograd/core/shape.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <sstream>

#include "autograd/core/error.hpp"

namespace shape_test {

using namespace xgrad;

namespace {

constexpr auto most = std::numeric_limits<std::int64_t>::max();

void check_floats(const Shape& shape) { check_shape(shape, 4, "zeros", Location::current()); }

Shape broadcast(const Shape& a, const Shape& b) { return broadcast_shapes(a, b, "add", Location::current()); }

std::string text(const Shape& shape) {
  std::ostringstream out;
  out << shape;
  return out.str();
}

}  // namespace

TEST_CASE("a shape counts its elements") {
  CHECK(Shape{}.numel() == 1);
  CHECK(Shape{3}.numel() == 3);
  CHECK(Shape{2, 3, 4}.numel() == 24);
  CHECK(Shape{2, 0, 4}.numel() == 0);
  CHECK(Shape({2, 3}).back() == 3);
  CHECK(Shape::filled(6, 2).numel() == 64);
}

TEST_CASE("shapes compare by their sizes") {
  CHECK(Shape{2, 3} == Shape(std::vector<std::int64_t>{2, 3}));
  CHECK_FALSE(Shape{2, 3} == Shape{3, 2});
  CHECK_FALSE(Shape{2} == Shape{2, 1});
  CHECK(Shape{} == Shape::filled(0, 5));
}

TEST_CASE("shapes of few and of many axes copy, move and swap") {
  const Shape few{1, 2}, many{1, 2, 3, 4, 5, 6};
  Shape a = few, b = many;
  std::swap(a, b);
  CHECK(a == many);
  CHECK(b == few);
  Shape moved = std::move(a);
  CHECK(moved == many);
  CHECK(a.ndim() == 0);
  a = moved;
  a[5] = 60;
  CHECK(a == Shape{1, 2, 3, 4, 5, 60});
  CHECK(moved == many);
  const Shape& self = a;
  a = self;
  CHECK(a.ndim() == 6);
}

TEST_CASE("shapes print their sizes") {
  CHECK(text({}) == "[]");
  CHECK(text({5}) == "[5]");
  CHECK(text({2, 3, 4, 5, 6}) == "[2, 3, 4, 5, 6]");
}

TEST_CASE("a shape with a negative size is a ShapeError that shows it") {
  CHECK_THROWS_AS(check_floats({2, -3}), ShapeError);
  CHECK_THROWS_WITH(check_floats({2, -3}), Catch::StartsWith("zeros: negative size -3 in shape [2, -3], at "));
}

TEST_CASE("a shape beyond what can be addressed is a LimitError") {
  const std::int64_t two_to_32 = std::int64_t{1} << 32;
  CHECK_THROWS_AS(check_floats({two_to_32, two_to_32}), LimitError);
  CHECK_THROWS_AS(check_floats({most}), LimitError);
  CHECK_THROWS_AS(check_floats({most / 4 + 1}), LimitError);
  CHECK_NOTHROW(check_floats({most / 4}));
  CHECK_THROWS_AS(check_floats({0, most, most}), LimitError);
  CHECK_NOTHROW(check_floats({0, 5}));
  CHECK_THROWS_AS(check_floats(Shape::filled(max_ndim + 1, 1)), LimitError);
  CHECK_NOTHROW(check_floats(Shape::filled(max_ndim, 1)));
}

TEST_CASE("shapes broadcast by numpy's rule") {
  CHECK(broadcast({}, {}) == Shape{});
  CHECK(broadcast({2, 3}, {3}) == Shape{2, 3});
  CHECK(broadcast({2, 1}, {1, 3}) == Shape{2, 3});
  CHECK(broadcast({}, {4, 5}) == Shape{4, 5});
  CHECK(broadcast({0, 3}, {1, 1}) == Shape{0, 3});
  CHECK(broadcast({5, 1, 4, 1}, {3, 1, 1}) == Shape{5, 3, 4, 1});
}

TEST_CASE("shapes that do not broadcast are a ShapeError that names the axis") {
  CHECK_THROWS_AS(broadcast({2, 3}, {2, 4}), ShapeError);
  CHECK_THROWS_AS(broadcast({0}, {2}), ShapeError);
  CHECK_THROWS_WITH(
      broadcast({2, 3}, {4}),
      Catch::StartsWith("add: sizes 3 and 4 differ at axis 1 of shapes [2, 3] and [4], at shape_test.cpp:"));
}

}  // namespace shape_test
