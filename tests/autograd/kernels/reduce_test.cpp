#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/core/axes.hpp"
#include "autograd/kernels/kernels.hpp"
#include "tests/autograd/kernels/array.hpp"

namespace reduce_test {

using namespace xgrad;
using test::Array;

namespace {

constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

template <class T, class Y = T>
Array<Y> reduce(Instruction f, const Array<T>& x, AxisSet axes) {
  const Array<Y> y(reduced_shape(x.shape(), axes));
  kernels::reduce(f, x.view(), axes, y.view());
  return Array<Y>(y.shape(), y.values());
}

// One after the other, in double: exact for the small whole numbers used here.
template <class T>
double naive(Instruction f, double a, T b) {
  const auto value = static_cast<double>(b);
  if (f == Instruction::sum) return a + value;
  if (f == Instruction::prod) return a * value;
  return f == Instruction::max ? std::max(a, value) : std::min(a, value);
}

template <class T>
double start_of(Instruction f) {
  if (f == Instruction::sum) return 0;
  if (f == Instruction::prod) return 1;
  return f == Instruction::max ? -1e9 : 1e9;
}

template <class T>
void check_random(Instruction f, Rng& rng) {
  const Shape shape = test::random_shape(rng);
  const AxisSet axes(rng.bits() & ((std::uint64_t{1} << shape.ndim()) - 1));
  if (shape.numel() == 0 && f != Instruction::sum && f != Instruction::prod) return;
  Array<T> x = test::random_array<T>(shape, rng);
  if (f == Instruction::prod)
    for (std::int64_t i = 0; i < x.size(); ++i) x[i] = x[i] > 0 ? T(1) : T(-1);
  const Array<T> y = reduce(f, x, axes);
  std::vector<double> expected(static_cast<std::size_t>(y.size()), start_of<T>(f));
  const Array<double> total(y.shape(), expected);
  test::for_each_place_of(shape, [&](std::vector<std::int64_t> place) {
    const T element = x.at(place);
    for (std::int64_t axis = 0; axis < shape.ndim(); ++axis)
      if (axes.contains(axis)) place[static_cast<std::size_t>(axis)] = 0;
    total.at(place) = naive(f, total.at(place), element);
  });
  for (std::int64_t i = 0; i < y.size(); ++i)
    if (static_cast<double>(y[i]) != total[i]) {
      CAPTURE(axes.mask(), i, y[i], total[i]);
      FAIL("a reduction differs from the slow one");
    }
}

}  // namespace

TEMPLATE_TEST_CASE("reductions over any axes of any shape agree with the slow way", "", float, double, std::int64_t) {
  Rng rng(7);
  const Instruction f = GENERATE(Instruction::sum, Instruction::prod, Instruction::max, Instruction::min);
  for (int i = 0; i < 400; ++i) check_random<TestType>(f, rng);
  SUCCEED("400 shapes");
}

TEMPLATE_TEST_CASE("long reductions agree with the slow way, over rows and along them", "", float, double,
                   std::int64_t) {
  using T = TestType;
  Rng rng(3);
  for (const Shape& shape : {Shape{1000, 3}, Shape{3, 1000}, Shape{2, 700, 300}, Shape{129, 1}, Shape{128, 257}}) {
    const Array<T> x = test::random_array<T>(shape, rng);
    for (std::uint64_t mask = 1; mask < std::uint64_t{1} << shape.ndim(); ++mask) {
      const Array<T> y = reduce(Instruction::sum, x, AxisSet(mask));
      const Array<double> total(y.shape());
      test::for_each_place_of(shape, [&](std::vector<std::int64_t> place) {
        const auto element = static_cast<double>(x.at(place));
        for (std::size_t axis = 0; axis < place.size(); ++axis)
          if ((mask >> axis) & 1) place[axis] = 0;
        total.at(place) += element;
      });
      CHECK(std::equal(&y[0], &y[0] + y.size(), &total[0], [](T a, double b) { return static_cast<double>(a) == b; }));
    }
  }
}

TEST_CASE("float32 sums do not lose small terms") {
  Array<float> x(Shape{9}, {1e8f, 1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(reduce(Instruction::sum, x, AxisSet(1))[0] == 100000008.0f);
  Array<float> rows(Shape{9, 2});
  for (std::int64_t i = 0; i < 9; ++i) rows[2 * i] = rows[2 * i + 1] = x[i];
  CHECK(reduce(Instruction::sum, rows, AxisSet(1))[1] == 100000008.0f);
}

TEST_CASE("float64 sums of many equal terms stay accurate") {
  const std::int64_t count = 1000000;
  Array<double> x(Shape{count});
  for (std::int64_t i = 0; i < count; ++i) x[i] = 0.1;
  CHECK(std::abs(reduce(Instruction::sum, x, AxisSet(1))[0] - 100000.0) < 1e-10);
  Array<double> rows(Shape{count / 2, 2}, x.values());
  CHECK(std::abs(reduce(Instruction::sum, rows, AxisSet(1))[0] - 50000.0) < 1e-10);
}

TEMPLATE_TEST_CASE("NaN is the largest and the smallest, wherever it stands", "", float, double) {
  using T = TestType;
  for (const std::int64_t size : {1, 7, 8, 9, 200, 1000})
    for (const std::int64_t at : {std::int64_t{0}, size / 2, size - 1}) {
      Array<T> x(Shape{size});
      x[at] = static_cast<T>(no_number);
      CHECK(std::isnan(reduce(Instruction::max, x, AxisSet(1))[0]));
      CHECK(std::isnan(reduce(Instruction::min, x, AxisSet(1))[0]));
      Array<T> rows(Shape{size, 2});
      rows[2 * at + 1] = static_cast<T>(no_number);
      const Array<T> y = reduce(Instruction::max, rows, AxisSet(1));
      CHECK(y[0] == 0);
      CHECK(std::isnan(y[1]));
    }
}

TEST_CASE("extremes of infinities and of the ends of int64") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  CHECK(reduce(Instruction::max, Array<double>(Shape{2}, {-inf, -inf}), AxisSet(1))[0] == -inf);
  CHECK(reduce(Instruction::min, Array<double>(Shape{2}, {inf, inf}), AxisSet(1))[0] == inf);
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  CHECK(reduce(Instruction::max, Array<std::int64_t>(Shape{2}, {least, least}), AxisSet(1))[0] == least);
}

TEST_CASE("reductions of bool: all, any, and the count") {
  const Array<bool> x(Shape{2, 3}, {true, false, true, true, true, true});
  CHECK(reduce(Instruction::min, x, AxisSet(2)).values() == std::vector<bool>{false, true});
  CHECK(reduce(Instruction::max, x, AxisSet(1)).values() == std::vector<bool>{true, true, true});
  CHECK(reduce<bool, std::int64_t>(Instruction::sum, x, AxisSet(3))[0] == 5);
}

TEST_CASE("sums of nothing are 0 and products of nothing are 1") {
  const Array<float> x(Shape{2, 0, 3});
  CHECK(reduce(Instruction::sum, x, AxisSet(2)).values() == std::vector<float>(6, 0));
  CHECK(reduce(Instruction::prod, x, AxisSet(7)).values() == std::vector<float>{1});
  CHECK(reduce(Instruction::sum, x, AxisSet(1)).size() == 0);
}

TEST_CASE("whole sums and products wrap around") {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  CHECK(reduce(Instruction::sum, Array<std::int64_t>(Shape{2}, {most, 1}), AxisSet(1))[0] ==
        std::numeric_limits<std::int64_t>::min());
  CHECK(reduce(Instruction::prod, Array<std::int64_t>(Shape{2}, {most, 2}), AxisSet(1))[0] == -2);
}

TEST_CASE("reductions of 64 axes") {
  Shape shape = Shape::filled(64, 1);
  for (std::int64_t axis = 0; axis < 64; axis += 4) shape[axis] = 2;  // 2^16 elements
  Array<double> x(shape);
  for (std::int64_t i = 0; i < x.size(); ++i) x[i] = 1;
  CHECK(reduce(Instruction::sum, x, AxisSet(~std::uint64_t{0}))[0] == 65536);
  CHECK(reduce(Instruction::sum, x, AxisSet(0x1010101010101010))[0] == 256);  // every other axis of size 2
  CHECK(reduce(Instruction::sum, x, AxisSet(std::uint64_t{1} << 63)).size() == 65536);
}

}  // namespace reduce_test
